package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// proxies are programs that pass connections on to one address. They have command lines of their
// own, in which variables stand for addresses; see startProxy.
const proxies kind = "proxy"

// goProxy is the source of Heirloom's proxy, which is that of the examples.
const goProxy = "github.com/heirloom-go/heirloom/examples/proxy"

// haproxyConfig has one thread, like the others, and timeouts, because haproxy warns without them.
// Options may follow.
const haproxyConfig = `
global
	nbthread 1
	tune.bufsize 65536
listen proxy
	mode tcp
	timeout connect 10s
	timeout client 1m
	timeout server 1m
	bind $LISTEN
	server backend $TO
`

// haproxy returns a haproxy that reads its configuration from its standard input.
func haproxy(name string, options ...string) program {
	config := haproxyConfig
	for _, o := range options {
		config += "\toption " + o + "\n"
	}
	return program{name: name, executable: "haproxy", args: []string{"-db", "-f", "/dev/stdin"}, stdin: config, install: "haproxy"}
}

func proxyPrograms() []program {
	addresses := []string{"-listen", "$LISTEN", "-to", "$TO"}
	return ofKind(proxies, []program{
		{name: "Heirloom io_uring", ours: true, source: goProxy, args: addresses, env: []string{"HEIRLOOM_BACKEND=io_uring"}},
		{name: "Heirloom epoll", ours: true, source: goProxy, args: addresses, env: []string{"HEIRLOOM_BACKEND=epoll"}},
		haproxy("haproxy"),
		haproxy("haproxy splice-auto", "splice-auto"),
		haproxy("haproxy splice", "splice-request", "splice-response"),
		{name: "socat", executable: "socat", args: []string{"-b65536", "-t30", "TCP-LISTEN:$PORT,bind=$HOST,backlog=128,fork,nodelay", "TCP:$TO,nodelay"}, install: "socat"},
		{name: "net", source: "netproxy", args: addresses},
	})
}

const proxyNote = "The proxy, the load and the back end share a processor under SCHED_BATCH, so none interrupts another, and the figure does not depend on how quick the others are. " +
	"Heirloom's proxy is that of examples/proxy. It has the kernel move the bytes (splice) when reads keep filling its buffer, until less than 48 KiB comes at once. " +
	"The one on package net always does so, haproxy with splice-auto as it sees fit, and haproxy with splice (splice-request and splice-response) always. " +
	"A read into a buffer returns at most 64 KiB. The time of socat is that of all its processes, one for each connection."

// proxyScenarios ask what it costs to pass bytes on.
func proxyScenarios() []scenario {
	return []scenario{transferScenario(), proxyMessagesScenario()}
}

// A transfer goes in one direction, in messages of which the back end sends back a short end. So
// the load knows how many have come, and that they are whole.
const (
	transferSize   = 1 << 20
	transferAnswer = 64
	transferDepth  = 2 // so that the sender never runs dry
)

// transferScenario asks what long transfers cost the proxy.
func transferScenario() scenario {
	return scenario{
		name:       "proxy",
		title:      "Processor time of a TCP proxy for a GiB in one direction",
		about:      "processor time of a TCP proxy a GiB, 1 and 16 connections",
		note:       fmt.Sprintf("%s Each connection has up to %d MiB under way.", proxyNote, transferDepth*transferSize>>20),
		kind:       proxies,
		metrics:    []metric{{"ns/GiB", "processor time a GiB, ms", 1e6}},
		variants:   []variant{{name: "1 connection", n: 1}, {name: "16 connections", n: 16}},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			o, err := r.pass(ctx, p, load.Config{Connections: v.n, Size: transferSize, Answer: transferAnswer, Depth: transferDepth})
			return []float64{o.cost() * (1 << 30 / transferSize)}, err
		},
	}
}

// proxyMessagesScenario asks what a short message and its echo cost the proxy.
func proxyMessagesScenario() scenario {
	return scenario{
		name:       "proxy-64",
		title:      "Processor time of a TCP proxy for a message of 64 bytes and its echo, 64 connections",
		about:      "processor time of a TCP proxy a message and its echo, 64 connections",
		note:       proxyNote,
		kind:       proxies,
		metrics:    []metric{costMetric},
		variants:   []variant{{name: "64 connections", n: 64}},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			o, err := r.pass(ctx, p, load.Config{Connections: v.n, Size: messageSize})
			return []float64{o.cost()}, err
		},
	}
}

// pass runs a load through a proxy, to a back end.
func (r *runner) pass(ctx context.Context, p built, c load.Config) (outcome, error) {
	server, client := r.sameCPU()
	backEnd, err := r.startBackEnd(ctx, client, c)
	if err != nil {
		return outcome{}, err
	}
	defer backEnd.stop()
	s, err := startProxy(ctx, p, server, backEnd.address)
	if err != nil {
		return outcome{}, err
	}
	defer s.stop()
	o, err := r.load(ctx, s, false, client, c)
	return o, backEnd.explain(err)
}

// startBackEnd starts what answers the messages of a load.
func (r *runner) startBackEnd(ctx context.Context, where placement, c load.Config) (*process, error) {
	p := built{path: r.loader}
	p.name = "the back end"
	p.args = []string{"back-end", "-listen", listenAt, "-size", strconv.Itoa(c.Size), "-answer", strconv.Itoa(cmp.Or(c.Answer, c.Size))}
	return launch(ctx, p, where, (*process).listening)
}

// nobody is an address that nobody listens at.
const nobody = "127.1.255.1:1"

// startProxy starts a proxy to an address. In its arguments and its input, $LISTEN is where it
// listens, $HOST and $PORT are the parts of that, and $TO is where it passes connections on to.
func startProxy(ctx context.Context, p built, where placement, to string) (*process, error) {
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, err
	}
	variables := map[string]string{"LISTEN": listen, "HOST": host, "PORT": port, "TO": to}
	value := func(name string) string { return variables[name] }
	var args []string // not those of others
	for _, a := range p.args {
		args = append(args, os.Expand(a, value))
	}
	p.args, p.stdin = args, os.Expand(p.stdin, value)
	return launch(ctx, p, where, func(s *process) (string, error) { return s.listeningAt(listen) })
}
