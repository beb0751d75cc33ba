package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

func TestBackends(t *testing.T) {
	names := platform.Backends()
	if len(names) == 0 || names[len(names)-1] != "portable" {
		t.Fatalf("Backends() = %q, want portable last, as it is the one to fall back on", names)
	}
	t.Run("named", func(t *testing.T) {
		for _, name := range names {
			w := mode{backend: name}.open(t)
			if got := w.Backend(); got != name {
				t.Errorf("WithBackend(%q) made %q", name, got)
			}
		}
	})
	t.Run("environment", func(t *testing.T) {
		t.Setenv("HEIRLOOM_BACKEND", "portable")
		p, err := platform.New()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if got := p.Backend(); got != "portable" {
			t.Errorf("HEIRLOOM_BACKEND=portable made %q", got)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		_, err := platform.New(platform.WithBackend("none-such"))
		if err == nil || !strings.Contains(err.Error(), "none-such") || !strings.Contains(err.Error(), "portable") {
			t.Errorf("New of an unknown backend: %v; want an error that has its name and those there are", err)
		}
	})
	t.Run("custom", func(t *testing.T) {
		broken := errors.New("broken")
		_, err := platform.New(platform.WithCustomBackend(func(backend.Host) (backend.Backend, error) { return nil, broken }))
		if !errors.Is(err, broken) {
			t.Errorf("New with a backend that does not open: %v, want %v", err, broken)
		}
	})
}

func TestPost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var r result
		ops.Post(w, &r)
		r.later(t)
		w.run()
		r.want(t, 0, nil)
	})
}

// TestPostFromOthers posts from several goroutines to a proactor that runs,
// and checks that nothing is lost and, with a single runner, that the order of
// each goroutine is kept.
func TestPostFromOthers(t *testing.T) {
	const posters, posts = 4, 2000
	each(t, func(t *testing.T, w *world) {
		hold := w.Hold()
		var last [posters]atomic.Int64
		var done, disorder atomic.Int64
		for i := range posters {
			go func() {
				for j := range posts {
					ops.Post(w, ops.HandlerFunc(func(int, error) {
						if last[i].Swap(int64(j)+1) != int64(j) {
							disorder.Add(1)
						}
						if done.Add(1) == posters*posts {
							hold.Release()
						}
					}))
				}
			}()
		}
		w.run()
		if got := done.Load(); got != posters*posts {
			t.Errorf("%d of %d posted handlers were called", got, posters*posts)
		}
		if n := disorder.Load(); w.runners == 0 && n != 0 {
			t.Errorf("%d handlers were called out of order", n)
		}
	})
}

func TestRunReturns(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t.Run("without work", func(t *testing.T) {
			w := w.on(t)
			w.run()
			w.run()
		})
		t.Run("all of several", func(t *testing.T) {
			w := w.on(t)
			hold := w.Hold()
			ops.Post(w, ops.HandlerFunc(func(int, error) { go hold.Release() }))
			var all sync.WaitGroup
			for range max(1, w.runners) {
				all.Go(func() {
					if err := w.Run(context.Background()); err != nil {
						t.Errorf("Run: %v", err)
					}
				})
			}
			w.within("Run without work", all.Wait)
		})
		t.Run("context done before", func(t *testing.T) {
			w := w.on(t)
			var r result
			ops.Post(w, &r)
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := w.Run(ctx); err != context.Canceled {
				t.Errorf("Run: %v, want %v", err, context.Canceled)
			}
			r.later(t)
			w.run()
			r.want(t, 0, nil)
		})
		t.Run("context done while it waits", func(t *testing.T) {
			w := w.on(t)
			var r result
			timer := w.NewTimer()
			timer.Wait(time.Hour, &r)
			ctx, cancel := context.WithCancel(context.Background())
			ops.Post(w, ops.HandlerFunc(func(int, error) { go cancel() }))
			w.within("Run", func() {
				if err := w.Run(ctx); err != context.Canceled {
					t.Errorf("Run: %v, want %v", err, context.Canceled)
				}
			})
			r.later(t)
			timer.Cancel()
			w.run()
			r.want(t, 0, ops.ErrCanceled)
		})
		t.Run("stopped while it waits", func(t *testing.T) {
			w := w.on(t)
			hold := w.Hold()
			ops.Post(w, ops.HandlerFunc(func(int, error) { go w.Stop() }))
			w.run()
			hold.Release()
			w.run()
		})
		t.Run("stopped by a handler", func(t *testing.T) {
			w := w.on(t)
			var first, second result
			first.stop = w.Stop
			ops.Post(w, &first)
			w.await(&first)
			ops.Post(w, &second)
			w.await(&second)
			first.want(t, 0, nil)
			second.want(t, 0, nil)
		})
		t.Run("stopped before", func(t *testing.T) {
			w := w.on(t)
			var r result
			ops.Post(w, &r)
			w.Stop()
			if err := w.Run(context.Background()); err != nil {
				t.Error(err)
			}
			r.later(t)
			w.run()
			r.want(t, 0, nil)
		})
		t.Run("hold released", func(t *testing.T) {
			w := w.on(t)
			a, b := w.Hold(), w.Hold()
			ops.Post(w, ops.HandlerFunc(func(int, error) {
				a.Release()
				a.Release() // does nothing
				ops.Post(w, ops.HandlerFunc(func(int, error) { go b.Release() }))
			}))
			w.run()
		})
	})
}

func TestErrRunning(t *testing.T) {
	for _, b := range platform.Backends() {
		w := mode{backend: b}.open(t)
		var err error
		ops.Post(w, ops.HandlerFunc(func(int, error) { err = w.Run(context.Background()) }))
		w.run()
		if err != platform.ErrRunning {
			t.Errorf("%s: a second Run of a SingleRunner proactor: %v, want %v", b, err, platform.ErrRunning)
		}
	}
}

// TestRunnersRunAtOnce has handlers that wait for each other, one a runner,
// posted to runners that have nothing to do.
func TestRunnersRunAtOnce(t *testing.T) {
	for _, b := range platform.Backends() {
		for runners := 1; runners <= 4; runners++ {
			t.Run(fmt.Sprintf("%s/%d-runners", b, runners), func(t *testing.T) {
				w := mode{backend: b, runners: runners}.open(t)
				hold := w.Hold()
				var running sync.WaitGroup
				running.Go(w.run)
				w.within("a round of handlers that wait for each other", func() {
					for range 300 {
						var meeting sync.WaitGroup
						meeting.Add(runners)
						for range runners {
							ops.Post(w, ops.HandlerFunc(func(int, error) { meeting.Done(); meeting.Wait() }))
						}
						meeting.Wait()
					}
				})
				hold.Release()
				running.Wait()
			})
		}
	}
}

// TestRunnerLeaves has runners come and go while others post: nothing may be
// left lying because the runner that was woken for it left.
func TestRunnerLeaves(t *testing.T) {
	for _, b := range platform.Backends() {
		w := mode{backend: b, runners: 2}.open(t)
		hold := w.Hold()
		var stay sync.WaitGroup
		stay.Go(w.run)
		for range 300 {
			ctx, cancel := context.WithCancel(context.Background())
			var leaving sync.WaitGroup
			leaving.Go(func() { w.Run(ctx) })
			called := make(chan struct{})
			go cancel()
			ops.Post(w, ops.HandlerFunc(func(int, error) { close(called) }))
			select {
			case <-called:
			case <-time.After(patience):
				w.hung("a posted handler, while runners come and go,")
			}
			leaving.Wait()
		}
		hold.Release()
		stay.Wait()
	}
}

func TestHandlerPanics(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var memory counting
		var alive int
		boom := ops.HandlerFunc(func(int, error) {
			alive = memory.alive()
			panic("boom")
		})
		var after result
		ops.Post(w, ops.WithAllocator(boom, &memory))
		ops.Post(w, &after)
		mustPanic(t, "boom", func() { w.Run(context.Background()) })
		if alive != 0 {
			t.Error("the block of the handler that panics was not released before")
		}
		w.run() // returns only if what ended with the panic does not count as outstanding
		after.want(t, 0, nil)
		memory.check(t)

		a, b := w.pair()
		var wrote result
		a.Read(make([]byte, 1), ops.WithAllocator(boom, &memory))
		b.Write([]byte{1}, &wrote)
		mustPanic(t, "boom", func() {
			for {
				if err := w.Run(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
		w.run()
		wrote.want(t, 1, nil)
		memory.check(t)
	})
}

func TestNilHandler(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.pair()
		l := w.listen("tcp", "127.0.0.1:0")
		var c platform.Conn
		var none ops.HandlerFunc
		for name, start := range map[string]func(ops.Handler){
			"Read":     func(h ops.Handler) { a.Read(nil, h) },
			"Write":    func(h ops.Handler) { a.Write(nil, h) },
			"ReadFull": func(h ops.Handler) { ops.ReadFull(a, nil, h) },
			"Accept":   func(h ops.Handler) { l.Accept(&c, h) },
			"Connect":  func(h ops.Handler) { w.Connect(&c, "tcp", "127.0.0.1:1", h) },
			"Wait":     func(h ops.Handler) { w.NewTimer().Wait(0, h) },
			"Post":     func(h ops.Handler) { ops.Post(w, h) },
		} {
			t.Run(name, func(t *testing.T) {
				mustPanic(t, "nil Handler", func() { start(nil) })
				mustPanic(t, "nil Handler", func() { start(none) })
			})
		}
		mustPanic(t, "nil Conn", func() { l.Accept(nil, &result{}) })
		mustPanic(t, "nil Conn", func() { w.Connect(nil, "tcp", "127.0.0.1:1", &result{}) })
		l.Close()
		w.run() // nothing was started
	})
}

func TestNeverOpened(t *testing.T) {
	var c platform.Conn
	var l platform.Listener
	const want = "never opened"
	mustPanic(t, want, func() { c.Read(nil, &result{}) })
	mustPanic(t, want, func() { c.Write(nil, &result{}) })
	mustPanic(t, want, func() { ops.WriteFull(&c, nil, &result{}) })
	mustPanic(t, want, func() { c.ReadVectored(nil, &result{}) })
	mustPanic(t, want, func() { c.WriteVectored(nil, &result{}) })
	var f platform.File
	mustPanic(t, want, func() { f.ReadAt(nil, 0, &result{}) })
	mustPanic(t, want, func() { l.Accept(&c, &result{}) })
	c.Cancel()
	for name, err := range map[string]error{"Close": c.Close(), "CloseWrite": c.CloseWrite(), "File.Close": f.Close(), "Listener.Close": l.Close()} {
		if err != net.ErrClosed {
			t.Errorf("%s returns %v, want %v", name, err, net.ErrClosed)
		}
	}
	if n, err := c.TryRead(make([]byte, 1)); n != 0 || err != net.ErrClosed {
		t.Errorf("TryRead returns %d, %v", n, err)
	}
	if a, b := c.LocalAddr(), l.Addr(); a != nil || b != nil {
		t.Errorf("addresses %v, %v", a, b)
	}
	var timer platform.Timer
	mustPanic(t, "no Proactor", func() { timer.Wait(0, &result{}) })
	if c.Proactor() != nil {
		t.Error("a Conn that was never opened has a Proactor")
	}
}

// TestClosed starts every kind of operation on a closed proactor. Handlers are
// told so if it is run again, and memory is released at once.
func TestClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.pair()
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		timer := w.NewTimer()
		f := w.temp()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the second Close: %v, want %v", err, net.ErrClosed)
		}
		if err := w.Run(context.Background()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Run: %v, want %v", err, net.ErrClosed)
		}
		if _, err := w.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Listen: %v, want %v", err, net.ErrClosed)
		}

		var memory counting
		var c, d platform.Conn
		starts := []struct {
			name  string
			start func(ops.Handler)
		}{
			{"Read", func(h ops.Handler) { a.Read(make([]byte, 1), h) }},
			{"Write", func(h ops.Handler) { a.Write(make([]byte, 1), h) }},
			{"WriteFull", func(h ops.Handler) { ops.WriteFull(a, make([]byte, 1), h) }},
			{"ReadVectored", func(h ops.Handler) { a.ReadVectored([][]byte{{1}}, h) }},
			{"WriteVectored", func(h ops.Handler) { a.WriteVectored([][]byte{{1}}, h) }},
			{"ReadAt", func(h ops.Handler) { f.ReadAt(make([]byte, 1), 0, h) }},
			{"WriteAt", func(h ops.Handler) { f.WriteAt(make([]byte, 1), 0, h) }},
			{"Sync", func(h ops.Handler) { f.Sync(h) }},
			{"Accept", func(h ops.Handler) { l.Accept(&c, h) }},
			{"Connect", func(h ops.Handler) { w.Connect(&d, "tcp", address, h) }},
			{"Wait", func(h ops.Handler) { timer.Wait(0, h) }},
			{"Post", func(h ops.Handler) { ops.Post(w, h) }},
		}
		results := make([]result, len(starts))
		for i := range starts {
			starts[i].start(ops.WithAllocator(&results[i], &memory))
			if n := memory.alive(); n != 0 {
				t.Errorf("%s: %d blocks are alive after it was refused", starts[i].name, n)
			}
			results[i].later(t)
		}
		if err := w.Run(context.Background()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Run: %v, want %v", err, net.ErrClosed)
		}
		for i := range starts {
			t.Run(starts[i].name, func(t *testing.T) { results[i].want(t, 0, net.ErrClosed) })
		}
		memory.check(t)
	})
}

// TestExhausted starts every kind of operation with an allocator that fails.
func TestExhausted(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			memory := new(counting)
			w := m.open(t, platform.WithAllocator(memory))
			a, b := w.pair()
			l := w.listen("tcp", "127.0.0.1:0")
			timer := w.NewTimer()
			f := w.temp()
			var c, d platform.Conn
			buf := make([]byte, 8)

			memory.exhaust(true)
			starts := []struct {
				name  string
				start func(ops.Handler)
			}{
				{"Read", func(h ops.Handler) { a.Read(buf, h) }},
				{"Write", func(h ops.Handler) { b.Write([]byte("no"), h) }},
				{"ReadFull", func(h ops.Handler) { ops.ReadFull(a, buf, h) }},
				{"WriteFull", func(h ops.Handler) { ops.WriteFull(b, []byte("no"), h) }},
				{"ReadVectored", func(h ops.Handler) { a.ReadVectored([][]byte{buf}, h) }},
				{"WriteVectored", func(h ops.Handler) { b.WriteVectored([][]byte{buf}, h) }},
				{"ReadAt", func(h ops.Handler) { f.ReadAt(buf, 0, h) }},
				{"ReadAt before the beginning", func(h ops.Handler) { f.ReadAt(buf, -1, h) }},
				{"WriteAt", func(h ops.Handler) { f.WriteAt(buf, 0, h) }},
				{"Sync", func(h ops.Handler) { f.Sync(h) }},
				{"Accept", func(h ops.Handler) { l.Accept(&c, h) }},
				{"Connect", func(h ops.Handler) { w.Connect(&d, "tcp", l.Addr().String(), h) }},
				{"Wait", func(h ops.Handler) { timer.Wait(time.Hour, h) }},
				{"Post", func(h ops.Handler) { ops.Post(w, h) }},
			}
			results := make([]result, len(starts))
			for i := range starts {
				starts[i].start(&results[i])
				results[i].later(t)
			}
			w.run() // returns, so nothing was started
			for i := range starts {
				t.Run(starts[i].name, func(t *testing.T) { results[i].want(t, 0, allocator.ErrExhausted) })
			}

			// Everything can be used once there is memory again, and what was not
			// opened is closed.
			memory.exhaust(false)
			for name, conn := range map[string]*platform.Conn{"Accept": &c, "Connect": &d} {
				var none result
				conn.Cancel()
				conn.Read(buf, &none)
				w.run()
				none.want(t, 0, net.ErrClosed)
				if conn.Proactor() != w.Proactor {
					t.Errorf("after %s that was refused the Conn is of proactor %p", name, conn.Proactor())
				}
			}
			var read, wrote, accepted, connected result
			a.Read(buf, &read)
			b.Write([]byte("yes"), &wrote)
			l.Accept(&c, &accepted)
			w.Connect(&d, "tcp", l.Addr().String(), &connected)
			w.run()
			read.want(t, 3, nil)
			wrote.want(t, 3, nil)
			accepted.want(t, 0, nil)
			connected.want(t, 0, nil)
			if c.RemoteAddr().String() != d.LocalAddr().String() {
				t.Errorf("accepted %v, want %v: the Connect that failed has connected", c.RemoteAddr(), d.LocalAddr())
			}
			memory.check(t)
		})
	}
}

// TestDefer defers handlers among others that are posted.
func TestDefer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var told []int
		tell := func(i int) ops.Handler { return ops.HandlerFunc(func(int, error) { told = append(told, i) }) }
		ops.Post(w, tell(1))
		ops.Defer(w, tell(2))
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			ops.Post(w, tell(3))
			ops.Defer(w, tell(4))
		}))
		if len(told) != 0 {
			t.Errorf("handlers %v were called at once", told)
		}
		if w.runners > 1 { // which need not keep the order
			t.Skip("several runners")
		}
		w.run()
		if diff := cmp.Diff([]int{1, 2, 3, 4}, told); diff != "" {
			t.Errorf("the order in which they were called (-want +got):\n%s", diff)
		}

		w.Close()
		var late result
		ops.Defer(w, &late)
		late.later(t)
		if err := w.Run(t.Context()); err != net.ErrClosed {
			t.Errorf("Run: %v, want %v", err, net.ErrClosed)
		}
		late.want(t, 0, net.ErrClosed)
	})
}

// TestDefaultAllocator checks who serves handlers that bring no allocator.
func TestDefaultAllocator(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			given, own := new(counting), new(counting)
			w := m.open(t, platform.WithAllocator(given))
			var r, s result
			ops.Post(w, &r)
			w.NewTimer().Wait(0, &r)
			ops.Post(w, ops.WithAllocator(&s, own))
			w.run()
			if given.total != 2 || own.total != 1 {
				t.Errorf("the default allocator gave %d blocks and the handler's %d, want 2 and 1", given.total, own.total)
			}
			if any(w.Allocator()) != any(given) {
				t.Errorf("Allocator() = %v, want the one that was given", w.Allocator())
			}
		})
	}
}
