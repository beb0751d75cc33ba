package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// faulty is a handler with memory of its own. It, or its memory, panics when the
// proactor is closed, if it is to, or ends the goroutine.
type faulty struct {
	counting
	abandoned           atomic.Int32
	inHandler, inMemory bool
	exits               bool
	completed           bool
}

func (f *faulty) Complete(int, error) { f.completed = true }

func (f *faulty) Abandon() {
	f.abandoned.Add(1)
	if f.inHandler {
		f.die()
	}
}

func (f *faulty) die() {
	if f.exits {
		runtime.Goexit()
	}
	panic("a bug of one session")
}

// faultyMemory panics when it has released a block.
type faultyMemory struct{ *faulty }

func (m faultyMemory) Deallocate(s []ops.Operation) {
	m.counting.Deallocate(s)
	if m.inMemory {
		m.die()
	}
}

// TestAbandonPanics closes a proactor when one handler panics as it is abandoned,
// or the allocator that it has: the panic goes on when all the others were
// abandoned, and the proactor is closed. So it is with runtime.Goexit.
func TestAbandonPanics(t *testing.T) {
	const timers = 4
	big := make([]byte, 16<<20)
	for where, plant := range map[string]func(*faulty){
		"in Abandon":         func(f *faulty) { f.inHandler = true },
		"in Deallocate":      func(f *faulty) { f.inMemory = true },
		"exit in Abandon":    func(f *faulty) { f.inHandler, f.exits = true, true },
		"exit in Deallocate": func(f *faulty) { f.inMemory, f.exits = true, true },
	} {
		exits := strings.HasPrefix(where, "exit")
		for _, how := range []string{"nobody runs", "inside a handler"} {
			for _, victim := range []string{"read", "write", "post", "wait 0", "all"} {
				t.Run(fmt.Sprintf("%s/%s/%s", where, how, victim), func(t *testing.T) {
					each(t, func(t *testing.T, w *world) {
						all := make(map[string]*faulty)
						handler := func(name string) ops.Handler {
							f := new(faulty)
							if all[name] = f; name == victim || victim == "all" {
								plant(f)
							}
							return ops.WithAllocator(f, faultyMemory{f})
						}
						a, _ := w.pair()
						b, _ := w.pair() // nobody reads what it writes
						l := w.listen("tcp", "127.0.0.1:0")
						packets := w.packets("udp4", "127.0.0.1:0")
						timer := w.NewTimer()
						a.Read(make([]byte, 1), handler("read"))
						a.Read(make([]byte, 1), handler("queued read"))
						ops.WriteFull(b, big, handler("write"))
						l.Accept(new(platform.Conn), handler("accept"))
						packets.ReadFrom(make([]byte, 1), nil, handler("packet"))
						for i := range timers {
							timer.Wait(time.Hour, handler(fmt.Sprint("wait ", i)))
						}
						shut := func() []any { return panics(func() { w.Close() }) }
						if how == "inside a handler" {
							ops.Post(w, ops.HandlerFunc(func(int, error) {
								w.Close()
								ops.Post(w, handler("post"))
							}))
							shut = w.runPanics
						} else {
							ops.Post(w, handler("post"))
						}
						var got []any
						w.within("closing", func() { got = shut() })
						if !exits && (len(got) != 1 || fmt.Sprint(got[0]) != "a bug of one session") || exits && got != nil {
							t.Errorf("panics: %q, want one of the session's", got)
						}
						var forgotten, leaked []string
						for name, f := range all {
							// A handler need not be told when its memory panics before.
							if n := f.abandoned.Load(); n != 1 && !(f.inMemory && n == 0) || f.completed {
								forgotten = append(forgotten, name)
							}
							if f.alive() > 0 {
								leaked = append(leaked, name)
							}
						}
						if forgotten != nil || leaked != nil {
							t.Errorf("not abandoned once: %q; blocks not released: %q", forgotten, leaked)
						}
						closed(t, w)
					})
				})
			}
		}
	}
}

// closed checks that the proactor says that it is closed.
func closed(t *testing.T, w *world) {
	t.Helper()
	w.within("Run, Close and Listen of a closed proactor", func() {
		var run, again, listen error
		if got := panics(func() {
			run = w.Run(context.Background())
			again = w.Close()
			_, listen = w.Listen("tcp", "127.0.0.1:0")
		}); got != nil {
			t.Errorf("a closed proactor panics: %q", got)
		}
		for name, err := range map[string]error{"Run": run, "Close": again, "Listen": listen} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %v, want %v", name, err, net.ErrClosed)
			}
		}
	})
}

// panics calls f and returns what it panics with, also if that is a fault.
func panics(f func()) (all []any) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if x := recover(); x != nil {
			all = append(all, x)
		}
	}()
	f()
	return nil
}

// runPanics has all runners run the proactor until it is closed, and returns
// what they panic with.
func (w *world) runPanics() (all []any) {
	var mu sync.Mutex
	var running sync.WaitGroup
	for range max(1, w.runners) {
		running.Go(func() {
			got := panics(func() {
				if err := w.Run(context.Background()); !errors.Is(err, net.ErrClosed) {
					w.t.Errorf("Run: %v, want %v", err, net.ErrClosed)
				}
			})
			mu.Lock()
			defer mu.Unlock()
			all = append(all, got...)
		})
	}
	running.Wait()
	return all
}
