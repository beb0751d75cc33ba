//go:build unix

// Fasthttp is a server of github.com/valyala/fasthttp with a site of one page.
package main

import (
	"flag"
	"log"
	"net"

	"github.com/valyala/fasthttp"

	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
)

func main() {
	idle := flag.Duration("idle", 0, "the `time` that a connection may wait for its next request; 0 for ever")
	o := program.Parse()
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		log.Fatal(err)
	}
	program.Listening(l.Addr())
	s := fasthttp.Server{Handler: site, IdleTimeout: *idle, NoDefaultServerHeader: true}
	log.Fatal(s.Serve(l))
}

var hello = []byte("Hello, World!")

func site(c *fasthttp.RequestCtx) {
	if !c.IsGet() || string(c.Path()) != "/" {
		c.SetStatusCode(404)
		return
	}
	c.SetContentType("text/plain")
	c.SetBody(hello)
}
