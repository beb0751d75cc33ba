package main

import (
	"net"
	"net/http"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

// newSessions returns the allocator of sessions. What it counts is how many clients
// came, and how many of them found no session that another has left.
func newSessions() *combinators.Stats[session] {
	made := combinators.NewStats[session](allocator.Heap[session]{})
	return combinators.NewStats(combinators.NewRecycling(made, 64))
}

// show serves a page about the proxy until l is closed.
func show(l net.Listener, p *platform.Proactor, sessions *combinators.Stats[session]) error {
	var page inspect.Page
	page.AddProactor("proxy", p)
	page.AddAllocator("sessions", sessions)
	mux := http.NewServeMux()
	mux.Handle("/debug/heirloom/", &page)
	return http.Serve(l, mux)
}
