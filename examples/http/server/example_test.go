package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/heirloom-go/heirloom/examples/http/http1"
	"github.com/heirloom-go/heirloom/examples/http/server"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A server with one loop, and a client of package net/http that asks it something.
func Example() {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		panic(err)
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &server.Server{Handler: func(w *server.Response, r *server.Request) {
		if r.Method != http1.GET {
			w.Status(405)
			w.Header("Allow", "GET")
			return
		}
		w.Header("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s for %s", r.Path, r.Get("user-agent"))
	}}
	s.Serve(l, ops.HandlerFunc(func(_ int, err error) { fmt.Println("the server has ended:", err) }))

	go func() {
		request, _ := http.NewRequest("GET", "http://"+l.Addr().String()+"/hello", nil)
		request.Header.Set("User-Agent", "an example")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(err)
		}
		body, _ := io.ReadAll(answer.Body)
		fmt.Println(answer.Status, string(body))
		s.Shutdown(context.Background())
	}()
	p.Run(context.Background())
	// Output:
	// 200 OK /hello for an example
	// the server has ended: <nil>
}
