package platform_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A tended is the handler of coroutines in a test that knows what is left of them.
type tended struct {
	h ops.Handler
	result
	blocks counting
	cos    *combinators.Stats[ops.Co]
}

func tend() *tended {
	x := &tended{cos: combinators.NewStats(allocator.Allocator[ops.Co](combinators.NewThreadSafe(allocator.Allocator[ops.Co](allocator.Heap[ops.Co]{}))))}
	x.h = ops.WithAllocator[ops.Co](ops.WithAllocator[ops.Operation](&x.result, &x.blocks), x.cos)
	return x
}

// gone checks that neither a Co nor a block nor a stack is left.
func (x *tended) gone(t *testing.T, w *world) {
	t.Helper()
	x.blocks.check(t)
	if n := x.cos.Counts().Live; n != 0 {
		t.Errorf("%d Cos are alive", n)
	}
	if n := w.Coroutines().Len(); n != 0 {
		t.Errorf("%d coroutines have not ended", n)
	}
	noCoroutines(t)
}

// noCoroutines checks that no coroutine of the process has a stack.
func noCoroutines(t *testing.T) {
	t.Helper()
	if all := stacks(); strings.Contains(all, "runtime.corostart") {
		t.Errorf("the stack of a coroutine is left:\n%s", all)
	}
}

// goesOn checks that a coroutine can read and write.
func (w *world) goesOn() {
	w.t.Helper()
	a, b := w.pair()
	r := w.spawn(func(co *platform.Co) error {
		if _, err := co.Write(a, []byte("x")); err != nil {
			return err
		}
		_, err := co.ReadFull(b, make([]byte, 1))
		return err
	})
	w.await(r)
	r.want(w.t, 0, nil)
	a.Close()
	b.Close()
}

// TestCoroutinePanics has coroutines that panic: the panic reaches Run, nothing is left of
// them, and the proactor goes on.
func TestCoroutinePanics(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var closed platform.Conn
		for name, test := range map[string]struct {
			f    func(co *platform.Co) error
			want string
		}{
			"at once":       {func(*platform.Co) error { panic("a bug") }, "a bug"},
			"with an error": {func(co *platform.Co) error { panic(errors.New("a bug")) }, "a bug"},
			"after a read": {func(co *platform.Co) error {
				co.Write(b, []byte("x"))
				buf := make([]byte, 1)
				n, _ := co.Read(a, buf)
				buf[n]++
				return nil
			}, "index out of range"},
			"in a deferred call that waits": {func(co *platform.Co) error {
				defer co.Yield()
				panic("a bug")
			}, "a bug"},
			"in start": {func(co *platform.Co) error {
				co.Await(func(ops.Handler) { panic("a bug") })
				return nil
			}, "a bug"},
			"in an operation": {func(co *platform.Co) error {
				co.Await(func(h ops.Handler) { closed.Read(make([]byte, 1), h) })
				return nil
			}, "Conn"},
		} {
			t.Run(name, func(t *testing.T) {
				w, x := w.on(t), tend()
				w.Spawn(x.h, test.f)
				mustPanic(t, test.want, func() { w.Run(t.Context()) })
				if x.calls != 0 {
					t.Error("the handler was called")
				}
				w.goesOn()
				x.gone(t, w)
			})
		}
	})
}

// TestCoroutineRecovers has a coroutine that goes on after what was to start its operation
// has panicked.
func TestCoroutineRecovers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.spawn(func(co *platform.Co) error {
			mustPanic(t, "a bug", func() { co.Read(broken{}, make([]byte, 1)) })
			mustPanic(t, "a bug", func() { co.Await(func(ops.Handler) { panic("a bug") }) })
			return co.Yield()
		})
		w.await(r)
		r.want(t, 0, nil)
		noCoroutines(t)
	})
}

// broken is a stream that panics.
type broken struct{}

func (broken) StartRead(*ops.Operation) { panic("a bug") }

// TestCoroutineExits has a coroutine that calls runtime.Goexit. The goroutine in Run ends as
// well, as if the handler of an operation had called it.
func TestCoroutineExits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		x, returned, deferred := tend(), false, false
		w.Spawn(x.h, func(co *platform.Co) error {
			defer func() { deferred = true }()
			co.Sleep(0)
			runtime.Goexit()
			return nil
		})
		w.within("the goroutine that runs the coroutine", func() {
			done := make(chan bool)
			go func() {
				defer close(done)
				w.Run(context.Background())
				returned = true
			}()
			<-done
		})
		if returned || !deferred || x.calls != 0 {
			t.Errorf("Run has returned: %v; deferred calls were made: %v; the handler was called %d times", returned, deferred, x.calls)
		}
		w.goesOn()
		x.gone(t, w)
	})
}

// TestCoroutineIsNeverResumed closes a proactor while coroutines wait for what nobody has
// started. They unwind like the others, one after another: one may start what the next
// waits for.
func TestCoroutineIsNeverResumed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		x := tend()
		var unwound []int
		const coroutines = 100
		waiting := make([]ops.Handler, coroutines)
		for i := range coroutines {
			w.Spawn(x.h, func(co *platform.Co) error {
				defer func() {
					unwound = append(unwound, i)
					if next := waiting[(i+1)%coroutines]; i%2 == 0 {
						ops.Post(w, next)
					}
				}()
				co.Await(func(h ops.Handler) { waiting[i] = h })
				t.Error("the wait has returned")
				return nil
			})
		}
		if err := w.Run(t.Context()); err != nil {
			t.Errorf("Run: %v", err)
		}
		if n := w.Coroutines().Len(); n != coroutines {
			t.Errorf("%d coroutines wait, want %d", n, coroutines)
		}
		w.within("Close", func() { w.Close() })
		if len(unwound) != coroutines || x.calls != 0 {
			t.Errorf("%d of %d are unwound: %v; the handler was called %d times", len(unwound), coroutines, unwound, x.calls)
		}
		x.gone(t, w)
	})
}

// TestCoroutineWaitsForOthers has a coroutine whose operation is started by another
// goroutine, and by a handler.
func TestCoroutineWaitsForOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		x, hold := tend(), w.Hold()
		w.Spawn(x.h, func(co *platform.Co) error {
			for range 100 {
				co.Await(func(h ops.Handler) { go ops.Post(w, h) })
				co.Await(func(h ops.Handler) {
					ops.Post(w, ops.HandlerFunc(func(int, error) { ops.Post(w, h) }))
				})
			}
			hold.Release()
			return nil
		})
		w.await(&x.result)
		x.want(t, 0, nil)
		x.gone(t, w)
	})
}

// TestCoroutineElsewhere calls the methods of a Co from where they must not be called.
func TestCoroutineElsewhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.pair()
		l, packets := w.listen("tcp", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
		refused := func(t *testing.T, co *platform.Co) {
			buf := make([]byte, 1)
			for name, call := range map[string]func(){
				"Await":         func() { co.Await(func(ops.Handler) { t.Error("start is called") }) },
				"Read":          func() { co.Read(a, buf) },
				"ReadFull":      func() { co.ReadFull(a, buf) },
				"ReadOnArrival": func() { co.ReadOnArrival(a, 1) },
				"Write":         func() { co.Write(a, buf) },
				"WriteVectored": func() { co.WriteVectored(a, [][]byte{buf}) },
				"Yield":         func() { co.Yield() },
				"Wait": func() {
					co.Wait(new(ops.Batch), make([]ops.Member, 1), ops.UntilAll, func() { t.Error("start is called") })
				},
				"Accept":   func() { co.Accept(l, new(platform.Conn)) },
				"Connect":  func() { co.Connect(new(platform.Conn), "tcp", l.Addr().String()) },
				"Dial":     func() { co.Dial(new(platform.Conn), "tcp", l.Addr().String()) },
				"ReadFrom": func() { co.ReadFrom(packets, buf) },
				"WriteTo":  func() { co.WriteTo(packets, buf, addrOf(packets)) },
				"Sleep":    func() { co.Sleep(0) },
			} {
				t.Run(name, func(t *testing.T) { mustPanic(t, "outside its coroutine", call) })
			}
		}
		var escaped *platform.Co
		x := tend()
		w.Spawn(x.h, func(co *platform.Co) error {
			escaped = co
			done := make(chan struct{})
			go func() {
				defer close(done)
				refused(t, co)
			}()
			<-done
			_, err := co.Await(func(h ops.Handler) {
				ops.Post(w, ops.HandlerFunc(func(int, error) { // while it waits
					refused(t, co)
					ops.Post(w, h)
				}))
			})
			return err
		})
		w.await(&x.result)
		x.want(t, 0, nil)
		x.gone(t, w)
		refused(t, escaped)
		w.goesOn()
	})
}

// TestCoroutineStartsTwo has coroutines that start another operation while one is
// outstanding. What they have started keeps their memory until it has ended.
func TestCoroutineStartsTwo(t *testing.T) {
	const want = "while one of its own is outstanding"
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		read := func(h ops.Handler) { a.Read(make([]byte, 1), h) }
		end := func() {
			b.Write([]byte("x"), ignored)
			w.run()
		}
		check := func(t *testing.T, x *tended, cos uint64) {
			t.Helper()
			if live := uint64(x.cos.Counts().Live); live != cos || x.blocks.alive() != int(cos) {
				t.Errorf("%d Cos and %d blocks are alive, want %d of each", live, x.blocks.alive(), cos)
			}
		}
		t.Run("at once", func(t *testing.T) {
			w, x := w.on(t), tend()
			w.Spawn(x.h, func(co *platform.Co) error {
				defer mustPanic(t, want, func() { co.Yield() }) // nor can it while it ends
				co.Await(func(h ops.Handler) { read(h); read(h) })
				return nil
			})
			mustPanic(t, want, func() { w.Run(t.Context()) })
			check(t, x, 1)
			end()
			if x.calls != 0 {
				t.Error("the handler was called")
			}
			x.gone(t, w)
			w.goesOn()
		})
		t.Run("and recovers", func(t *testing.T) {
			w, x := w.on(t), tend()
			w.Spawn(x.h, func(co *platform.Co) error {
				mustPanic(t, want, func() { co.Await(func(h ops.Handler) { read(h); read(h) }) })
				mustPanic(t, want, func() { co.Sleep(0) })
				ops.Post(w, ops.HandlerFunc(func(int, error) {
					check(t, x, 1)
					x.later(t)
					b.Write([]byte("x"), ignored)
				}))
				return io.EOF
			})
			w.await(&x.result)
			x.want(t, 0, io.EOF)
			x.gone(t, w)
			w.goesOn()
		})
		t.Run("and then panics in start", func(t *testing.T) {
			w, x := w.on(t), tend()
			w.Spawn(x.h, func(co *platform.Co) error {
				co.Await(func(h ops.Handler) { read(h); panic("a bug") })
				return nil
			})
			mustPanic(t, "a bug", func() { w.Run(t.Context()) })
			check(t, x, 1)
			w.within("Close", func() { w.Close() })
			x.gone(t, w)
		})
	})
}

// TestCoroutineUnwinds closes a proactor while a coroutine waits whose deferred calls do
// what they should not.
func TestCoroutineUnwinds(t *testing.T) {
	for name, test := range map[string]struct {
		deferred func(t *testing.T, co *platform.Co)
		panics   string // of Close
		exits    bool   // the goroutine that closes
	}{
		"waits": {deferred: func(t *testing.T, co *platform.Co) {
			mustPanic(t, "was closed", func() { co.Sleep(0) })
			co.Yield()
		}},
		"recovers": {deferred: func(t *testing.T, co *platform.Co) { recover() }},
		"recovers and waits": {deferred: func(t *testing.T, co *platform.Co) {
			recover()
			co.Yield()
		}},
		"panics": {deferred: func(*testing.T, *platform.Co) { panic("a bug") }, panics: "a bug"},
		"exits":  {deferred: func(*testing.T, *platform.Co) { runtime.Goexit() }, exits: true},
		"closes": {deferred: func(_ *testing.T, co *platform.Co) { co.Proactor().Close() }},
		"spawns": {deferred: func(t *testing.T, co *platform.Co) {
			co.Proactor().Spawn(ignored, func(*platform.Co) error { t.Error("it runs"); return nil })
		}},
		"starts another operation": {deferred: func(t *testing.T, co *platform.Co) {
			co.Proactor().NewTimer().Wait(0, ops.HandlerFunc(func(int, error) { t.Error("a handler was called") }))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				a, _ := w.pair()
				x, deferred := tend(), 0
				const others = 3 // which unwind all the same
				for i := range 1 + others {
					w.Spawn(x.h, func(co *platform.Co) error {
						defer func() { deferred++ }()
						if i == 1 {
							defer test.deferred(t, co)
						}
						if i == others {
							w.Stop()
						}
						co.Read(a, make([]byte, 1))
						return nil
					})
				}
				if err := w.Run(t.Context()); err != nil {
					t.Errorf("Run: %v", err)
				}
				var got []any
				returned := false
				w.within("Close", func() {
					done := make(chan bool)
					go func() {
						defer close(done)
						got = panics(func() { w.Close() })
						returned = true
					}()
					<-done
				})
				switch {
				case returned == test.exits:
					t.Errorf("Close has returned or panicked: %v", returned)
				case test.panics == "" && len(got) != 0, test.panics != "" && fmt.Sprint(got) != fmt.Sprintf("[%s]", test.panics):
					t.Errorf("Close panics with %q, want %q", got, test.panics)
				}
				if deferred != 1+others || x.calls != 0 {
					t.Errorf("%d of %d are unwound, and %d handlers called", deferred, 1+others, x.calls)
				}
				x.gone(t, w)
				closed(t, w)
			})
		})
	}
}

// TestCoroutineDeadlines moves the deadline of a connection while a coroutine reads from it,
// or has it in the past.
func TestCoroutineDeadlines(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.peer()
		x := tend()
		w.Spawn(x.h, func(co *platform.Co) error {
			buf := make([]byte, 1)
			c.SetReadDeadline(time.Unix(1, 0))
			for range 2 {
				if _, err := co.Read(c, buf); !errors.Is(err, os.ErrDeadlineExceeded) {
					return fmt.Errorf("a deadline in the past: %v", err)
				}
			}
			for _, moves := range [][]time.Duration{
				{time.Hour, -time.Hour},
				{time.Hour, time.Millisecond},
				{time.Millisecond, time.Hour, time.Microsecond},
			} {
				c.SetReadDeadline(time.Now().Add(moves[0]))
				ops.Post(w, ops.HandlerFunc(func(int, error) {
					for _, d := range moves[1:] {
						c.SetReadDeadline(time.Now().Add(d))
					}
				}))
				if _, err := co.Read(c, buf); !errors.Is(err, os.ErrDeadlineExceeded) {
					return fmt.Errorf("a deadline that moves by %v: %v", moves, err)
				}
			}
			c.SetReadDeadline(time.Time{})
			_, err := co.Write(c, buf)
			return err
		})
		w.await(&x.result)
		x.want(t, 0, nil)
		x.gone(t, w)
	})
}

// TestCoroutinesOnAStrand has coroutines that share what only their strand guards.
func TestCoroutinesOnAStrand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		strand := ops.NewStrand(w)
		const coroutines, rounds = 10, 100
		steps, ends := 0, 0
		for range coroutines {
			h := ops.WithExecutor(ops.HandlerFunc(func(int, error) { ends++ }), strand)
			ops.Spawn(strand, h, func(co *ops.Co) error {
				timer := w.NewTimer()
				for range rounds {
					co.Yield()
					steps++
					co.Await(func(h ops.Handler) { timer.Wait(0, h) })
					steps++
				}
				return nil
			})
		}
		w.run()
		if ends != coroutines || steps != 2*rounds*coroutines {
			t.Errorf("%d of %d coroutines have ended after %d steps", ends, coroutines, steps)
		}
		noCoroutines(t)
		ops.Spawn(strand, ignored, func(co *ops.Co) error { // which knows whose coroutines it has
			co.Await(func(ops.Handler) {})
			return nil
		})
		w.run()
		w.Close()
		noCoroutines(t)
	})
}

// TestCoroutinesMove has coroutines whose operations end on two proactors with several
// runners each, often before the coroutine has switched back.
func TestCoroutinesMove(t *testing.T) {
	for _, backend := range platform.Backends() {
		t.Run(backend, func(t *testing.T) {
			m := mode{backend: backend, runners: 3}
			w, other := m.open(t), m.open(t)
			const coroutines, rounds = 20, 100
			var steps, ends atomic.Int32
			hold := other.Hold()
			for range coroutines {
				w.Spawn(ops.HandlerFunc(func(_ int, err error) {
					if err != nil {
						t.Error(err)
					}
					if ends.Add(1) == coroutines {
						hold.Release()
					}
				}), func(co *platform.Co) error {
					timer := other.NewTimer()
					hold := w.Hold() // what is outstanding is the other's
					defer hold.Release()
					for range rounds {
						co.Await(func(h ops.Handler) { ops.Post(other, h) })
						co.Await(func(h ops.Handler) { timer.Wait(0, h) })
						co.Yield()
						co.Await(func(h ops.Handler) { go ops.Post(w, h) })
						steps.Add(1)
					}
					return nil
				})
			}
			done := make(chan bool)
			go func() { defer close(done); other.run() }()
			w.run()
			<-done
			if ends.Load() != coroutines || steps.Load() != coroutines*rounds {
				t.Errorf("%d of %d coroutines have ended after %d rounds", ends.Load(), coroutines, steps.Load())
			}
			noCoroutines(t)
		})
	}
}

// TestCoroutineSpansProactors closes a proactor while a coroutine waits for an operation of
// another, which stays the other's to end.
func TestCoroutineSpansProactors(t *testing.T) {
	for _, backend := range platform.Backends() {
		t.Run(backend, func(t *testing.T) {
			m := mode{backend: backend}
			w, other := m.open(t), m.open(t)
			x, timer := tend(), other.NewTimer()
			w.Spawn(x.h, func(co *platform.Co) error {
				_, err := co.Await(func(h ops.Handler) { timer.Wait(time.Hour, h) })
				if err != ops.ErrCanceled {
					t.Errorf("the wait has ended with %v", err)
				}
				return net.ErrClosed
			})
			w.run()
			w.Close()
			if n := x.cos.Counts().Live; n != 1 {
				t.Errorf("%d Cos are alive, want 1", n)
			}
			timer.Cancel()
			other.run()
			x.want(t, 0, net.ErrClosed)
			x.gone(t, w)
		})
	}
}
