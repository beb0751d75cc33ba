//go:build !race

package platform_test

import (
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// TestAcceptorNoAllocations has clients come and go, of which an acceptor allocates
// nothing, with and without a limit that keeps them waiting.
func TestAcceptorNoAllocations(t *testing.T) {
	for name, most := range map[string]int{"no limit": 0, "one at a time": 1} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				if w.backend == "portable" {
					t.Skip("package net allocates for each connection")
				}
				a := guests(func(g *guest) { g.plain = true })
				a.Max = most
				l := w.listen("tcp", "127.0.0.1:0")
				c := newVisitor(t, l.Addr())
				a.Start(l, ops.HandlerFunc(func(int, error) {}))
				var all sync.WaitGroup
				for range max(1, w.runners) {
					all.Go(func() {
						if err := w.Run(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				for range 100 {
					c.visit(1)
				}
				// The rest of the process allocates now and then, less than once a run;
				// and several runners may have more sessions at a time than before.
				const tries, clients = 3, 20
				var n float64
				for range tries {
					n = testing.AllocsPerRun(10, func() {
						for range clients {
							c.visit(1)
						}
					})
					if n == 0 {
						break
					}
				}
				if n != 0 {
					t.Errorf("%v allocations for %d connections, want none", n, clients)
				}
				a.Drain()
				w.within("Run", all.Wait)
			})
		})
	}
}
