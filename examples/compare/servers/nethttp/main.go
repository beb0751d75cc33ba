//go:build unix

// Nethttp is a server of net/http with a site of one page, on package net or on Heirloom.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
)

func main() {
	backend := flag.String("backend", "net", fmt.Sprint("net for package net, or what Heirloom uses: one of ", platform.Backends()))
	idle := flag.Duration("idle", 0, "the `time` that a connection may wait for its next request; 0 for ever")
	o := program.Parse()
	l, err := listen(*backend, o)
	if err != nil {
		log.Fatal(err)
	}
	program.Listening(l.Addr())
	s := http.Server{Handler: http.HandlerFunc(site), IdleTimeout: *idle}
	log.Fatal(s.Serve(l))
}

// listen listens with package net, or on a proactor that has as many runners as there are to
// be loops.
func listen(backend string, o program.Options) (net.Listener, error) {
	if backend == "net" {
		return net.Listen("tcp", o.Listen)
	}
	p, err := platform.New(platform.WithBackend(backend))
	if err != nil {
		return nil, err
	}
	p.Hold() // it runs as long as the program does
	for range o.Loops {
		go func() { log.Fatal(p.Run(context.Background())) }()
	}
	return netconn.Listen(p, "tcp", o.Listen)
}

var hello, plain = []byte("Hello, World!"), []string{"text/plain"}

func site(w http.ResponseWriter, r *http.Request) {
	if r.Method != "GET" || r.URL.Path != "/" {
		w.WriteHeader(404)
		return
	}
	w.Header()["Content-Type"] = plain
	w.Write(hello)
}
