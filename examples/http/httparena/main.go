// Httparena is an entry for HttpArena (github.com/MDA2AV/HttpArena), a public benchmark of
// servers. It serves the profiles baseline, pipelined and limited-conn, on port 8080. Copy this
// directory to frameworks/heirloom there as it is.
//
//	GET  /baseline11?a=13&b=42    55
//	POST /baseline11?a=13&b=42    75, with a body of 20, in chunks or not
//	GET  /pipeline                ok
package main

import (
	"context"
	"log"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/examples/http/http1"
	"github.com/heirloom-go/heirloom/examples/http/server"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, "0.0.0.0:8080", func(string) {}); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done, with a loop for each processor that the container has. It
// tells listening at which address.
func run(ctx context.Context, address string, listening func(string)) error {
	g, err := platform.NewGroup(0)
	if err != nil {
		return err
	}
	defer g.Close()
	listeners, err := g.Listen("tcp", address)
	if err != nil {
		return err
	}
	s := &server.Server{Handler: answer}
	for _, l := range listeners {
		s.Serve(l, ops.HandlerFunc(func(int, error) {}))
	}
	listening(listeners[0].Addr().String())
	go func() {
		<-ctx.Done()
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Shutdown(limit)
	}()
	return g.Run(context.Background())
}

func answer(w *server.Response, r *server.Request) {
	switch string(r.Path) {
	case "/pipeline":
		w.Header("Content-Type", "text/plain")
		w.WriteString("ok")
	case "/baseline11":
		if r.Method != http1.GET && r.Method != http1.POST {
			w.Status(405)
			w.Header("Allow", "GET, POST")
			return
		}
		sum, ok := sumOf(r.Query)
		n, bodyOK := number(r.Body)
		if !ok || !bodyOK && len(r.Body) > 0 {
			w.Status(400)
			return
		}
		w.Header("Content-Type", "text/plain")
		w.AppendInt(sum + n)
	default:
		w.Status(404)
	}
}

// sumOf returns the sum of the values of a query.
func sumOf(query []byte) (sum int64, ok bool) {
	for len(query) > 0 {
		end := 0
		value := 0
		for end < len(query) && query[end] != '&' {
			if query[end] == '=' && value == 0 {
				value = end + 1
			}
			end++
		}
		n, ok := number(query[value:end])
		if !ok {
			return 0, false
		}
		sum += n
		query = query[min(end+1, len(query)):]
	}
	return sum, true
}

// number reads a decimal number, without allocating a string for it.
func number(b []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(b), 10, 64) // short enough for the stack
	return n, err == nil
}
