package main

import (
	"github.com/heirloom-go/heirloom/examples/http/http1"
	"github.com/heirloom-go/heirloom/examples/http/server"
)

// A site is what the program answers.
type site struct{ server *server.Server }

func (x site) serve(w *server.Response, r *server.Request) {
	switch string(r.Path) {
	case "/":
		if allow(w, r, "GET, HEAD, OPTIONS") {
			w.Header("Content-Type", "text/plain")
			w.WriteString("Hello, World!")
		}
	case "/json":
		if allow(w, r, "GET, HEAD, OPTIONS") {
			w.Header("Content-Type", "application/json")
			w.WriteString(`{"message":"Hello, World!"}`)
		}
	case "/echo":
		if allow(w, r, "POST, PUT, OPTIONS") {
			w.Header("Content-Type", "application/octet-stream")
			w.Write(r.Body)
		}
	case "/stats":
		if allow(w, r, "GET, HEAD, OPTIONS") {
			x.stats(w)
		}
	default:
		w.Status(404)
		w.Header("Content-Type", "text/plain")
		w.WriteString("There is nothing here.\n")
	}
}

// allow reports whether the method is one of a list, and otherwise answers.
func allow(w *server.Response, r *server.Request, methods string) bool {
	switch {
	case r.Method == http1.GET && methods[0] == 'G', r.Method == http1.HEAD && methods[0] == 'G',
		r.Method == http1.POST && methods[0] == 'P', r.Method == http1.PUT && methods[0] == 'P':
		return true
	case r.Method == http1.OPTIONS:
		w.Status(204)
	default:
		w.Status(405)
	}
	w.Header("Allow", methods)
	return false
}

func (x site) stats(w *server.Response) {
	s := x.server.Stats()
	w.Header("Content-Type", "application/json")
	figure := func(name string, value uint64) {
		w.WriteString(name)
		w.AppendInt(int64(value))
	}
	figure(`{"connections":`, s.Connections)
	figure(`,"live":`, s.Live)
	figure(`,"requests":`, s.Requests)
	figure(`,"refused":`, s.Refused)
	w.WriteString("}\n")
}
