package main

import (
	"net"
	"net/http"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

// show serves a page about a room until l is closed.
func show(l net.Listener, p *platform.Proactor, r *room) error {
	var page inspect.Page
	page.AddProactor("chat", p)
	page.AddAllocator("messages", r.texts)
	page.AddAllocator("deliveries", r.deliveries)
	mux := http.NewServeMux()
	mux.Handle("/debug/heirloom/", &page)
	return http.Serve(l, mux)
}
