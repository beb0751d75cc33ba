package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/examples/http/server"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

// keptBytes is how much of the memory for buffers a loop keeps for later, in bytes.
const keptBytes = 4 << 20

// show serves a page about the loops of a server until l is closed. It is called before the
// server serves, whose buffers are counted from then on.
func show(l net.Listener, s *server.Server, g *platform.Group) {
	page := new(inspect.Page)
	page.AddGroup("loop", g)
	loops := 0
	s.Buffers = func() allocator.Allocator[byte] {
		made := combinators.NewStats[byte](allocator.Heap[byte]{})
		buffers := combinators.NewStats(combinators.NewRecycling(made, keptBytes))
		page.AddAllocator(fmt.Sprintf("buffers of loop %d", loops), buffers)
		loops++
		return buffers
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/heirloom/", page)
	go func() {
		if err := http.Serve(l, mux); !errors.Is(err, net.ErrClosed) {
			log.Print(err)
		}
	}()
}
