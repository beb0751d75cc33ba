package main

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// httpPrograms returns the HTTP servers. All answer with the same head and body.
func httpPrograms() []program {
	all := append(heirlooms("http"),
		program{name: "C epoll", source: "c/http.c", install: "gcc"},
		program{name: "fasthttp", source: "fasthttp"},
		program{name: "net/http", source: "nethttp"},
		program{name: "net/http on Heirloom", ours: true, source: "nethttp", args: []string{"-backend", ""}},
	)
	return ofKind(httpServers, all)
}

// heirlooms returns a server of Heirloom on each of its backends.
func heirlooms(source string, args ...string) []program {
	return []program{
		{name: "Heirloom io_uring", ours: true, source: source, args: append([]string{"-backend", "io_uring"}, args...)},
		{name: "Heirloom epoll", ours: true, source: source, args: append([]string{"-backend", "epoll"}, args...)},
	}
}

func ofKind(k kind, all []program) []program {
	for i := range all {
		all[i].kind = k
	}
	return all
}

const httpNote = "The server and the load share a processor. The program in C finds the end of a request and looks at nothing in it; the others parse. " +
	"Heirloom's server, which is that of examples/http, has limits and timeouts; those of the others are off, as they are by default. "

// httpScenarios ask what a request costs the server.
func httpScenarios() []scenario {
	return []scenario{
		httpScenario("http-64", "64 connections", load.Config{Connections: 64}),
		httpScenario("http-512", "512 connections", load.Config{Connections: 512}),
		httpScenario("http-pipelined", "64 connections, 16 requests under way on each", load.Config{Connections: 64, Depth: 16}),
		httpChurnScenario(),
	}
}

func httpScenario(name, what string, c load.Config) scenario {
	return scenario{
		name:  name,
		title: "Processor time of the server for an HTTP request, " + what,
		about: "processor time and allocations a request, " + what,
		note:  httpNote + gcNote,
		kind:  httpServers,
		metrics: []metric{
			{unit: "ns/request", label: "processor time a request, ns"},
			{unit: "allocs/request", label: "allocations a request"},
			gcMetric,
		},
		variants:   []variant{{name: what, n: c.Connections}},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, _ variant) ([]float64, error) {
			o, err := r.get(ctx, p, c)
			return []float64{o.cost(), o.allocs(), o.gcCycles()}, err
		},
	}
}

// httpChurnScenario asks what a connection costs that ends after a few requests.
func httpChurnScenario() scenario {
	return scenario{
		name:       "http-churn",
		title:      fmt.Sprintf("Processor time of the server for a connection with %d HTTP requests", messagesOfConnection),
		about:      fmt.Sprintf("processor time a connection of %d requests, 64 at a time", messagesOfConnection),
		note:       httpNote,
		kind:       httpServers,
		metrics:    []metric{{"ns/conn", "processor time a connection, µs", 1000}, {unit: "allocs/conn", label: "allocations a connection"}},
		variants:   []variant{{name: "64 at a time", n: 64}},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			o, err := r.get(ctx, p, load.Config{Connections: v.n, Churn: messagesOfConnection})
			return []float64{ratio(float64(o.ServerCPU), o.Connections), o.allocs() * messagesOfConnection}, err
		},
	}
}

// get measures a server with GETs of its one page.
func (r *runner) get(ctx context.Context, p built, c load.Config) (outcome, error) {
	server, client := r.sameCPU()
	c.HTTP = "/"
	return r.serveAndLoad(ctx, p, serving{server, client, smallBuffer, 1}, c)
}
