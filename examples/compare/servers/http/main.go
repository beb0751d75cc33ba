//go:build unix

// Http is the server of examples/http with a site of one page.
package main

import (
	"log"

	"github.com/heirloom-go/heirloom/examples/compare/servers/loops"
	"github.com/heirloom-go/heirloom/examples/http/http1"
	"github.com/heirloom-go/heirloom/examples/http/server"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func main() {
	s := &server.Server{Handler: site, Report: func(err error) { log.Print(err) }}
	ended := ops.HandlerFunc(func(_ int, err error) { log.Fatal(err) })
	loops.Run(func(l *platform.Listener, _ int) { s.Serve(l, ended) })
}

func site(w *server.Response, r *server.Request) {
	if r.Method != http1.GET || string(r.Path) != "/" {
		w.Status(404)
		return
	}
	w.Header("Content-Type", "text/plain")
	w.WriteString("Hello, World!")
}
