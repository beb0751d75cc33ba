package platform_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A guest is a session of an echo server. It is the handler of its own operations.
type guest struct {
	of      *platform.Acceptor[guest]
	conn    platform.Conn
	slot    combinators.SingleSlot[ops.Operation]
	buf     [16]byte
	writing bool
	tells   bool // it is done when its proactor is closed
	plain   bool // its operations have the default memory, as a new slot has none yet
}

func (g *guest) Allocator() allocator.Allocator[ops.Operation] {
	if g.plain {
		return nil
	}
	return &g.slot
}

func (g *guest) Complete(n int, err error) {
	switch {
	case err != nil:
		g.of.Done(g)
	case g.writing:
		g.writing = false
		g.conn.Read(g.buf[:], g)
	default:
		g.writing = true
		ops.WriteFull(&g.conn, g.buf[:n], g)
	}
}

// Abandon is called when the proactor was closed.
func (g *guest) Abandon() {
	if g.tells {
		g.of.Done(g)
	}
}

// guests returns an acceptor of an echo server, which calls serve with each session
// before it is served.
func guests(serve func(*guest)) *platform.Acceptor[guest] {
	a := &platform.Acceptor[guest]{Conn: func(g *guest) *platform.Conn { return &g.conn }}
	a.Serve = func(g *guest) {
		g.of = a
		if serve != nil {
			serve(g)
		}
		g.conn.Read(g.buf[:], g)
	}
	return a
}

// call is a client that sends a message, wants it back and stays until it is told to
// leave.
func call(t *testing.T, address string, leave <-chan struct{}) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Error(err)
	}
	if leave != nil {
		<-leave
	}
}

// atOnce is for clients that leave at once.
var atOnce = func() <-chan struct{} { c := make(chan struct{}); close(c); return c }()

// TestAcceptor serves more clients than may live at a time, and drains.
func TestAcceptor(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		const clients, most = 20, 3
		var served, tooMany atomic.Int32
		var a *platform.Acceptor[guest]
		a = guests(func(*guest) {
			served.Add(1)
			if a.Live() > most {
				tooMany.Add(1)
			}
		})
		a.Max = most
		a.OnError = func(err error) { t.Error(err) }
		sessions := combinators.NewStats(allocator.Heap[guest]{})
		accepts := new(counting)
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		a.Start(l, ops.WithAllocator(ops.WithAllocator[guest](&over, sessions), allocator.Allocator[ops.Operation](accepts)))
		over.later(t)

		go func() {
			var all sync.WaitGroup
			for range clients {
				all.Go(func() { call(t, address, atOnce) })
			}
			all.Wait()
			if err := a.Shutdown(context.Background()); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		}()
		w.run()
		over.want(t, 0, nil)
		if n := served.Load(); n != clients || tooMany.Load() != 0 {
			t.Errorf("%d of %d clients were served, %d times more than %d at a time", n, clients, tooMany.Load(), most)
		}
		if c := sessions.Counts(); c.Live != 0 || c.Peak > most {
			t.Errorf("sessions: %v, want none live and a peak of %d", c, most)
		}
		accepts.check(t)
		if l.Addr() != nil || a.Live() != 0 || !a.Draining() {
			t.Errorf("after the end it listens on %v, has %d sessions, drains: %v", l.Addr(), a.Live(), a.Draining())
		}
		if err := a.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown once more: %v", err)
		}
	})
}

// TestAcceptorShutdown has clients that stay. Those who come while it drains are not
// served, and at the deadline the others are closed. Shutdown waits for that, and not for
// the proactor, which others still use.
func TestAcceptorShutdown(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		used := w.Hold()
		const clients = 10
		var all, came sync.WaitGroup
		came.Add(clients)
		a := guests(nil)
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		a.Start(l, &over)
		for range clients {
			all.Go(func() {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Error(err)
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(patience))
				c.Write([]byte("x"))
				if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
					t.Error(err)
				}
				came.Done()
				if n, err := c.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("the client that stays has read %d, %v, want %v", n, err, io.EOF)
				}
			})
		}
		why := errors.New("that was long enough")
		go func() {
			came.Wait()
			ctx, cancel := context.WithCancelCause(context.Background())
			a.Drain()
			late := make(chan struct{})
			ops.Post(w, ops.HandlerFunc(func(int, error) { close(late) }))
			<-late // and what Drain has posted is done, or about to be
			if n := a.Live(); n != clients {
				t.Errorf("%d sessions live while it drains, want %d", n, clients)
			}
			cancel(why)
			if err := a.Shutdown(ctx); err != why {
				t.Errorf("Shutdown: %v, want %v", err, why)
			}
			used.Release()
		}()
		w.run()
		over.want(t, 0, nil)
		all.Wait()
		w.within("closing the listener", func() {
			// On io_uring the kernel may take a moment to let go of it.
			for c, err := net.Dial("tcp", address); err == nil; c, err = net.Dial("tcp", address) {
				c.Close()
			}
		})
	})
}

// failing is a layer in which accepts fail, with one error after another.
type failing struct {
	backend.Backend
	mu       sync.Mutex
	errs     []error
	attempts int
}

func (l *failing) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindAccept {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.attempts++
		if len(l.errs) > 0 {
			op.Err = l.errs[0]
			l.errs = l.errs[1:]
			return true
		}
	}
	return l.Backend.Start(s, op)
}

// failures opens a world in which the first accepts fail.
func (m mode) failures(t *testing.T, errs ...error) (*world, *failing) {
	var layer *failing
	w := m.open(t, platform.WithLayer(func(below backend.Backend) backend.Backend {
		layer = &failing{Backend: below, errs: errs}
		return layer
	}))
	return w, layer
}

// TestAcceptorGoesOn has accepts fail in ways that pass. Each failure is reported and
// followed by one more attempt.
func TestAcceptorGoesOn(t *testing.T) {
	pass := []error{syscall.ECONNABORTED, syscall.EMFILE, syscall.EPROTO, errors.New("unknown")}
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			w, layer := m.failures(t, pass...)
			var a *platform.Acceptor[guest]
			a = guests(func(*guest) { a.Drain() })
			var reported []error
			a.OnError = func(err error) { reported = append(reported, err) }
			var over result
			l := w.listen("tcp", "127.0.0.1:0")
			address := l.Addr().String()
			a.Start(l, &over)
			go call(t, address, atOnce)
			w.run()
			over.want(t, 0, nil)
			if len(reported) != len(pass) {
				t.Fatalf("reported: %q, want %q", reported, pass)
			}
			for i, err := range reported {
				if !errors.Is(err, pass[i]) {
					t.Errorf("reported: %v, want %v", err, pass[i])
				}
			}
			// One for each, and those that succeed, which io_uring starts again once
			// there is a connection.
			if most := 2 * len(pass); layer.attempts > most {
				t.Errorf("%d attempts, want at most %d", layer.attempts, most)
			}
		})
	}
}

// TestAcceptorEnds has accepting end otherwise than by Drain. The session that lives is
// done nevertheless, before the handler is told.
func TestAcceptorEnds(t *testing.T) {
	slot := new(ops.CancelSlot)
	for _, way := range []struct {
		name string
		err  error
		with func(ops.Handler) ops.Handler
		do   func(l *platform.Listener)
	}{
		{"closed", net.ErrClosed, nil, func(l *platform.Listener) { l.Close() }},
		{"canceled", ops.ErrCanceled, nil, func(l *platform.Listener) { l.Cancel() }},
		{"by its slot", ops.ErrCanceled, func(h ops.Handler) ops.Handler { return ops.WithCancelSlot(h, slot) }, func(*platform.Listener) { slot.Cancel() }},
		{"by its timeout", os.ErrDeadlineExceeded, func(h ops.Handler) ops.Handler { return ops.WithTimeout(h, 50*time.Millisecond) }, nil},
		{"failed", syscall.EINVAL, nil, nil},
	} {
		t.Run(way.name, func(t *testing.T) {
			for _, m := range modes() {
				t.Run(m.String(), func(t *testing.T) {
					w, layer := m.failures(t)
					l := w.listen("tcp", "127.0.0.1:0")
					address := l.Addr().String()
					a := guests(func(*guest) {
						if way.do != nil {
							way.do(l) // an accept is outstanding again
						}
					})
					a.OnError = func(err error) { t.Errorf("reported: %v", err) }
					if way.name == "failed" {
						layer.errs = []error{way.err}
					}
					var over result
					var h ops.Handler = &over
					if way.with != nil {
						h = way.with(h)
					}
					a.Start(l, h)
					if way.do != nil {
						go call(t, address, atOnce)
					}
					w.run()
					over.want(t, 0, way.err)
					if !a.Draining() || a.Live() != 0 {
						t.Errorf("it has %d sessions and drains: %v", a.Live(), a.Draining())
					}
				})
			}
		})
	}
}

// TestAcceptorExhausted has memory for two sessions. The third client waits until one
// of them is done.
func TestAcceptorExhausted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const clients = 3
		var served atomic.Int32
		var a *platform.Acceptor[guest]
		leave := make(chan struct{})
		a = guests(func(*guest) {
			if served.Add(1) == clients {
				a.Drain()
			}
		})
		var failures atomic.Int32
		a.OnError = func(err error) {
			if !errors.Is(err, allocator.ErrExhausted) {
				t.Error(err)
			}
			if failures.Add(1) == 1 {
				close(leave)
			}
		}
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		sessions := combinators.NewStats(combinators.NewLimit(allocator.Heap[guest]{}, 2))
		a.Start(l, ops.WithAllocator[guest](&over, sessions))
		for range clients {
			go call(t, address, leave)
		}
		w.run()
		over.want(t, 0, nil)
		if c := sessions.Counts(); served.Load() != clients || failures.Load() == 0 || c.Live != 0 || c.Peak != 2 {
			t.Errorf("%d were served after %d failures, sessions: %v", served.Load(), failures.Load(), c)
		}
	})
}

// TestAcceptorNoOperations has no memory for accepts at first. It pauses, though it has
// none for that either, and goes on.
func TestAcceptorNoOperations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		memory := new(counting)
		memory.exhaust(true)
		var a *platform.Acceptor[guest]
		a = guests(func(*guest) { a.Drain() })
		failures := 0
		a.OnError = func(err error) {
			if failures++; failures == 3 {
				memory.exhaust(false)
			}
			if !errors.Is(err, allocator.ErrExhausted) {
				t.Error(err)
			}
		}
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		a.Start(l, ops.WithAllocator[ops.Operation](&over, memory))
		go call(t, address, atOnce)
		w.run()
		over.want(t, 0, nil)
		if failures != 3 {
			t.Errorf("%d failures, want 3", failures)
		}
		memory.check(t)
	})
}

// TestAcceptorAbandoned closes the proactor while sessions live. They are done when
// their handlers are told, or released at last.
func TestAcceptorAbandoned(t *testing.T) {
	for name, tells := range map[string]bool{"told": true, "released": false} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) { abandonAcceptor(t, w, tells) })
		})
	}
}

func abandonAcceptor(t *testing.T, w *world, tells bool) {
	const clients = 4
	var served atomic.Int32
	told := make(chan error)
	var a *platform.Acceptor[guest]
	a = guests(func(g *guest) {
		g.tells = tells
		if served.Add(1) == clients {
			go func() { told <- a.Shutdown(context.Background()) }()
			w.Close()
		}
	})
	sessions := combinators.NewStats(allocator.Heap[guest]{})
	var over result
	l := w.listen("tcp", "127.0.0.1:0")
	address := l.Addr().String()
	a.Start(l, ops.WithAllocator[guest](&over, sessions))
	for range clients {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if err := w.runErr(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Run: %v", err)
	}
	if err := <-told; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Shutdown: %v", err)
	}
	over.later(t)
	if n := a.Live(); (n == 0) != tells {
		t.Errorf("%d sessions are left", n)
	}
	a.Close()
	if c := sessions.Counts(); c.Live != 0 || a.Live() != 0 {
		t.Errorf("%d sessions are left: %v", a.Live(), c)
	}
}

// TestAcceptorUnrun shuts down what nobody runs. It returns when the context is done,
// and what it has asked for is done by the next Run.
func TestAcceptorUnrun(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var over result
		a := guests(nil)
		a.Start(w.listen("tcp", "127.0.0.1:0"), &over)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		w.within("Shutdown", func() {
			if err := a.Shutdown(ctx); err != context.Canceled {
				t.Errorf("Shutdown: %v, want %v", err, context.Canceled)
			}
		})
		over.later(t)
		w.run()
		over.want(t, 0, nil)
	})
}

// TestAcceptorStrand has the handler on a strand, so Serve is called there too, and so
// is the end told.
func TestAcceptorStrand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const clients = 10
		served := 0 // by one at a time
		var a *platform.Acceptor[guest]
		a = guests(func(*guest) {
			if served++; served == clients {
				a.Drain()
			}
		})
		var over result
		over.then = func() { served++ }
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		a.Start(l, ops.WithExecutor(&over, ops.NewStrand(w)))
		for range clients {
			go call(t, address, atOnce)
		}
		w.run()
		over.want(t, 0, nil)
		if served != clients+1 {
			t.Errorf("%d handlers were called, want %d", served, clients+1)
		}
	})
}

// TestAcceptorBeforeStart asks it to stop before it has begun.
func TestAcceptorBeforeStart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := guests(nil)
		if err := a.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		a.Close()
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		a.Start(l, &over)
		w.run()
		over.want(t, 0, nil)
		if l.Addr() != nil {
			t.Error("the listener is open")
		}
	})
}

// TestAcceptorClosedBefore starts with a listener that was closed.
func TestAcceptorClosedBefore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		l.Close()
		guests(nil).Start(l, &over)
		w.run()
		over.want(t, 0, net.ErrClosed)
	})
}

// TestAcceptorMisuse uses it wrongly.
func TestAcceptorMisuse(t *testing.T) {
	w := mode{backend: platform.Backends()[0]}.open(t)
	l := w.listen("tcp", "127.0.0.1:0")
	var over result
	mustPanic(t, "nil Listener", func() { guests(nil).Start(nil, &over) })
	mustPanic(t, "nil Handler", func() { guests(nil).Start(l, nil) })
	mustPanic(t, "must be set", func() { new(platform.Acceptor[guest]).Start(l, &over) })
	for _, incomplete := range []*platform.Acceptor[guest]{{Conn: guests(nil).Conn}, {Serve: guests(nil).Serve}} {
		mustPanic(t, "must be set", func() { incomplete.Start(l, &over) })
	}
	mustPanic(t, "never opened", func() { guests(nil).Start(new(platform.Listener), &over) })
	negative := guests(nil)
	negative.Max = -1
	mustPanic(t, "negative", func() { negative.Start(l, &over) })

	a := guests(nil)
	a.Serve = func(g *guest) {
		mustPanic(t, "no session", func() { a.Done(new(guest)) })
		var read result
		g.conn.Read(g.buf[:], &read)
		mustPanic(t, "outstanding", func() { a.Done(g) })
		read.then = func() {
			a.Done(g)
			mustPanic(t, "done before", func() { a.Done(g) })
			a.Drain()
		}
		g.conn.Cancel()
	}
	a.Start(l, &over)
	mustPanic(t, "called before", func() { a.Start(l, &over) })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w.run()
	over.want(t, 0, nil)
}

// TestAcceptorServePanics has a session panic. The acceptor goes on when Run is called
// again.
func TestAcceptorServePanics(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.runners > 1 {
			t.Skip("the panic would end the test")
		}
		first := true
		a := guests(func(g *guest) {
			if first {
				first = false
				g.of.Done(g)
				panic("a bug of the program")
			}
			g.of.Drain()
		})
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		a.Start(l, &over)
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		mustPanic(t, "a bug of the program", func() { w.Run(t.Context()) })
		go call(t, address, atOnce)
		w.run()
		over.want(t, 0, nil)
	})
}
