package platform_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A layer is a handler, or a layer round one, that notes when it is abandoned.
type layer struct {
	name  string
	inner ops.Handler
	log   *diary
	alloc allocator.Allocator[ops.Operation]
}

type diary struct {
	mu     sync.Mutex
	events []string
	alive  func() int
}

func (l *diary) add(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event)
}

func (l *layer) Complete(n int, err error)                     { l.log.add(l.name + " completed") }
func (l *layer) Unwrap() ops.Handler                           { return l.inner }
func (l *layer) Allocator() allocator.Allocator[ops.Operation] { return l.alloc }

func (l *layer) Abandon() {
	l.log.add(l.name)
	if n := l.log.alive(); n != 0 {
		l.log.add(l.name + " before its block was released")
	}
}

// TestClose closes a proactor with one operation of each kind outstanding.
func TestClose(t *testing.T) {
	closers := map[string]func(*world){
		"nobody runs": func(w *world) { w.Close() },
		"inside a handler": func(w *world) {
			ops.Post(w, ops.HandlerFunc(func(int, error) { w.Close() }))
			if err := w.runErr(); !errors.Is(err, net.ErrClosed) {
				w.t.Errorf("Run: %v, want %v", err, net.ErrClosed)
			}
		},
		"others run": func(w *world) {
			ops.Post(w, ops.HandlerFunc(func(int, error) { go w.Close() }))
			if err := w.runErr(); !errors.Is(err, net.ErrClosed) {
				w.t.Errorf("Run: %v, want %v", err, net.ErrClosed)
			}
		},
	}
	for how, shut := range closers {
		t.Run(how, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				a, _ := w.peer() // from which nothing comes
				b, _ := w.peer() // which takes nothing
				l := w.listen("tcp", "127.0.0.1:0")
				var c, d platform.Conn
				var everything []*counting
				events := make(map[string]*diary)
				handler := func(name string) ops.Handler {
					memory := new(counting)
					everything = append(everything, memory)
					events[name] = &diary{alive: memory.alive}
					h := &layer{name: "inner", log: events[name]}
					return &layer{"outer", &layer{"middle", h, events[name], memory}, events[name], nil}
				}
				a.Read(make([]byte, 1), handler("read"))
				a.Read(make([]byte, 1), handler("queued read"))
				ops.ReadFull(b, make([]byte, 1<<20), handler("ReadFull"))
				ops.WriteFull(b, make([]byte, 64<<20), handler("WriteFull"))
				l.Accept(&c, handler("accept"))
				if silent := stuck(t); silent != "" {
					w.Connect(&d, "tcp", silent, handler("connect"))
				}
				w.NewTimer().Wait(time.Hour, handler("wait"))
				if how == "nobody runs" {
					ops.Post(w, handler("post"))
					a.Write(nil, handler("write that has its result"))
				}
				w.within("closing", func() { shut(w) })
				for name, l := range events {
					if got, want := l.events, []string{"outer", "middle", "inner"}; !slices.Equal(got, want) {
						t.Errorf("%s: the layers of the handler were told %q, want %q", name, got, want)
					}
				}
				for _, memory := range everything {
					memory.check(t)
				}
				for _, c := range []*platform.Conn{a, b, &c, &d} {
					if c.Proactor() == nil {
						continue
					}
					if err := c.Close(); !errors.Is(err, net.ErrClosed) {
						t.Errorf("Close of a Conn: %v, want %v", err, net.ErrClosed)
					}
				}
			})
		})
	}
}

// restart is a handler that starts another operation when it is abandoned.
type restart struct {
	w     *world
	left  int
	again func(ops.Handler)
	calls int
}

func (r *restart) Complete(int, error) { r.calls++ }

func (r *restart) Abandon() {
	if r.left--; r.left > 0 {
		r.again(r)
	}
}

// TestAbandonStarts has handlers start more while they are abandoned. That is
// abandoned too.
func TestAbandonStarts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.pair()
		var memory counting
		r := []*restart{
			{w: w, left: 10, again: func(h ops.Handler) { ops.Post(w, ops.WithAllocator(h, &memory)) }},
			{w: w, left: 10, again: func(h ops.Handler) { w.NewTimer().Wait(time.Hour, ops.WithAllocator(h, &memory)) }},
			{w: w, left: 10, again: func(h ops.Handler) { a.Read(make([]byte, 1), ops.WithAllocator(h, &memory)) }},
		}
		for _, r := range r {
			r.again(r)
		}
		w.within("Close", func() { w.Close() })
		for i, r := range r {
			if r.left != 0 || r.calls != 0 {
				t.Errorf("handler %d was called %d times and has %d abandonments left", i, r.calls, r.left)
			}
		}
		memory.check(t)
	})
}

// TestCloseRace closes a proactor while its runners are busy and others post:
// whatever happens to an operation happens once, and no block stays behind.
func TestCloseRace(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			for range 30 {
				memory := new(counting)
				w := m.open(t, platform.WithAllocator(memory))
				a, b := w.pair()
				buf, out := make([]byte, 1), make([]byte, 1)
				var read, written ops.HandlerFunc
				read = func(_ int, err error) {
					if err == nil {
						a.Read(buf, read)
					}
				}
				written = func(n int, err error) {
					if err == nil {
						b.Write(out, written)
					}
				}
				read(0, nil)
				written(0, nil)
				var others sync.WaitGroup
				for range 2 {
					others.Go(func() {
						for range 200 {
							ops.Post(w, ops.HandlerFunc(func(int, error) {}))
						}
					})
				}
				ops.Post(w, ops.HandlerFunc(func(int, error) { go w.Close() }))
				if err := w.runErr(); !errors.Is(err, net.ErrClosed) {
					t.Fatalf("Run: %v, want %v", err, net.ErrClosed)
				}
				others.Wait()
				if err := w.Run(context.Background()); err != net.ErrClosed { // ends with what came too late
					t.Fatalf("Run: %v, want %v", err, net.ErrClosed)
				}
				memory.check(t)
			}
		})
	}
}

// TestCloseAfterConnClose closes sockets with something outstanding, and then
// the proactor, before anybody has looked at how that ended.
func TestCloseAfterConnClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		var memory counting
		events := &diary{alive: func() int { return 0 }}
		handler := func(name string) ops.Handler {
			return ops.WithAllocator(&layer{name: name, log: events}, &memory)
		}
		var c, d platform.Conn
		a.Read(make([]byte, 1), handler("read"))
		ops.WriteFull(b, make([]byte, 64<<20), handler("write"))
		l.Accept(&c, handler("accept"))
		w.Connect(&d, "tcp", address, handler("connect"))
		for _, c := range []interface{ Close() error }{a, b, l, &d} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		w.within("Close", func() { w.Close() })
		slices.Sort(events.events)
		if want := []string{"accept", "connect", "read", "write"}; !slices.Equal(events.events, want) {
			t.Errorf("what was outstanding was told %q, want that each was abandoned", events.events)
		}
		memory.check(t)
	})
}
