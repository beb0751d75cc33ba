package platform_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestRunnersDieOften has every handler of a lot end its goroutine, of operations that end
// at the same time. A runner is replaced only when all have died. Each handler is called
// once, whoever is left to call it.
func TestRunnersDieOften(t *testing.T) {
	const conns, posts = 10, 10
	eachDeath(t, func(t *testing.T, m mode, die func()) {
		w := m.open(t)
		var memory counting
		var calls atomic.Int32
		want := 0
		handler := func() ops.Handler {
			want++
			var called atomic.Bool
			return ops.WithAllocator(ops.HandlerFunc(func(_ int, err error) {
				if err != nil || called.Swap(true) {
					t.Errorf("called with %v, before: %v", err, called.Load())
				}
				calls.Add(1)
				die()
			}), &memory)
		}
		var ends [conns][2]*platform.Conn
		for i := range ends {
			a, b := w.pair()
			defer a.Close()
			defer b.Close()
			ends[i] = [2]*platform.Conn{a, b}
		}
		for _, e := range ends {
			a, b := e[0], e[1]
			a.Read(make([]byte, 1), handler())
			b.Write([]byte{1}, handler())
			b.Read(make([]byte, 1), handler())
			a.Write([]byte{1}, handler())
		}
		strand := ops.NewStrand(w)
		for range posts {
			ops.Post(w, handler())
			ops.Post(strand, handler())
		}
		died, rounds := 0, 0
		for ; died < want && rounds <= want; rounds++ {
			died += w.runToDeath(t)
		}
		w.run()
		if died != want || int(calls.Load()) != want {
			t.Errorf("%d handlers were called of %d, and %d goroutines have died", calls.Load(), want, died)
		}
		memory.check(t)
	})
}

// TestAcceptorServeDies has each session of an acceptor end the goroutine that serves it.
// Everybody is served.
func TestAcceptorServeDies(t *testing.T) {
	const clients = 6
	eachDeath(t, func(t *testing.T, m mode, die func()) {
		w := m.open(t)
		a := guests(nil)
		serve := a.Serve
		a.Serve = func(g *guest) {
			serve(g)
			die()
		}
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		a.Start(l, &over)
		go func() {
			var all sync.WaitGroup
			for range clients {
				all.Go(func() { call(t, address, atOnce) })
			}
			all.Wait()
			if err := a.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		died := 0
		for over.calls == 0 && died <= clients {
			died += w.runToDeath(t)
		}
		over.want(t, 0, nil)
		if died != clients {
			t.Errorf("%d goroutines have died, and there were %d clients", died, clients)
		}
	})
}
