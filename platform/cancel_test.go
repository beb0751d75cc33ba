package platform_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestCancelSlot cancels an operation of every kind that can be outstanding,
// and then uses what it was outstanding on.
func TestCancelSlot(t *testing.T) {
	one := []byte{1}
	cases := []struct {
		name string
		// start starts an operation that has nothing to end it, and returns
		// what checks that the same can be done again.
		start func(*testing.T, *world, ops.Handler) (again func())
	}{
		{"read", func(t *testing.T, w *world, h ops.Handler) func() {
			a, b := w.pair()
			a.Read(make([]byte, 1), h)
			return func() { echo(t, w, a, b) }
		}},
		{"queued read", func(t *testing.T, w *world, h ops.Handler) func() {
			a, b := w.pair()
			var first, third, wrote result
			a.Read(make([]byte, 1), &first)
			a.Read(make([]byte, 1), h)
			a.Read(make([]byte, 1), &third)
			return func() {
				first.later(t)
				third.later(t)
				ops.WriteFull(b, []byte("ac"), &wrote)
				w.run()
				first.want(t, 1, nil)
				third.want(t, 1, nil)
				echo(t, w, a, b)
			}
		}},
		{"read before a queued one", func(t *testing.T, w *world, h ops.Handler) func() {
			a, b := w.pair()
			var second, wrote result
			a.Read(make([]byte, 1), h)
			a.Read(make([]byte, 1), &second)
			return func() {
				second.later(t)
				b.Write(one, &wrote)
				w.run()
				second.want(t, 1, nil)
				echo(t, w, a, b)
			}
		}},
		{"ReadFull", func(t *testing.T, w *world, h ops.Handler) func() {
			a, b := w.pair()
			ops.ReadFull(a, make([]byte, 1), h)
			return func() { echo(t, w, a, b) }
		}},
		{"accept", func(t *testing.T, w *world, h ops.Handler) func() {
			l := w.listen("tcp", "127.0.0.1:0")
			var c, d platform.Conn
			l.Accept(&c, h)
			return func() {
				var accepted, connected result
				l.Accept(&c, &accepted)
				w.Connect(&d, "tcp", l.Addr().String(), &connected)
				w.run()
				accepted.want(t, 0, nil)
				connected.want(t, 0, nil)
			}
		}},
		{"connect", func(t *testing.T, w *world, h ops.Handler) func() {
			silent := stuck(t)
			if silent == "" {
				t.Skip("no address here that does not answer")
			}
			var c, d platform.Conn
			w.Connect(&c, "tcp", silent, h)
			return func() { w.join(&c, &d) }
		}},
		{"wait", func(t *testing.T, w *world, h ops.Handler) func() {
			timer := w.NewTimer()
			timer.Wait(time.Hour, h)
			return func() {
				var r result
				timer.Wait(0, &r)
				w.run()
				r.want(t, 0, nil)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			eachAndFakes(t, func(t *testing.T, w *world) {
				for _, when := range []string{"before it runs", "while it waits"} {
					var slot ops.CancelSlot
					var memory counting
					var r result
					again := c.start(t, w, ops.WithCancelSlot(ops.WithAllocator(&r, &memory), &slot))
					cancel := func() {
						if !slot.Cancel() {
							t.Errorf("%s: Cancel says that nothing is outstanding", when)
						}
						slot.Cancel() // does no more
					}
					if when == "before it runs" {
						cancel()
						r.later(t)
					} else {
						ops.Post(w, ops.HandlerFunc(func(int, error) { cancel() }))
					}
					w.await(&r)
					r.want(t, 0, ops.ErrCanceled)
					if !errors.Is(r.err, context.Canceled) {
						t.Errorf("%v is not context.Canceled", r.err)
					}
					if slot.Cancel() {
						t.Error("Cancel says that something is outstanding, after the handler was called")
					}
					memory.check(t)
					again()
					r.want(t, 0, ops.ErrCanceled)
				}
			})
		})
	}
}

// echo sends something from b to a and back.
func echo(t *testing.T, w *world, a, b *platform.Conn) {
	t.Helper()
	var results [4]result
	buf, back := make([]byte, 3), make([]byte, 3)
	ops.WriteFull(b, []byte("abc"), &results[0])
	ops.ReadFull(a, buf, &results[1])
	w.run()
	ops.WriteFull(a, buf, &results[2])
	ops.ReadFull(b, back, &results[3])
	w.run()
	for i := range results {
		results[i].want(t, 3, nil)
	}
	if string(back) != "abc" {
		t.Errorf("%q came back", back)
	}
}

// TestCancelWrite cancels a WriteFull that is stuck halfway. The bytes that its
// handler is told of are those that the peer gets.
func TestCancelWrite(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		var slot ops.CancelSlot
		var r result
		ops.WriteFull(c, make([]byte, 64<<20), ops.WithCancelSlot(&r, &slot))
		received, over := make(chan int64, 1), make(chan struct{})
		r.then = func() { close(over) }
		const some = 1 << 20
		go func() {
			n, _ := io.CopyN(io.Discard, peer, some)
			ops.Post(w, ops.HandlerFunc(func(int, error) { slot.Cancel() }))
			<-over
			rest, _ := io.Copy(io.Discard, peer)
			received <- n + rest
		}()
		w.await(&r)
		if r.calls != 1 || r.err != ops.ErrCanceled || r.n < some {
			t.Errorf("the handler was called %d times, last with (%d, %v); want %d or more and %v", r.calls, r.n, r.err, some, ops.ErrCanceled)
		}
		var wrote result
		c.Write([]byte("end"), &wrote) // what was cancelled is over
		w.await(&wrote)
		wrote.want(t, 3, nil)
		c.Close()
		if n := <-received; n != int64(r.n)+3 {
			t.Errorf("the peer got %d bytes, but the handlers were told of %d", n, r.n+3)
		}
	})
}

// stepReader counts the parts of a composed read.
type stepReader struct {
	*platform.Conn
	parts  int
	before func() // called before the second part is started
	after  func() // and after
}

func (s *stepReader) StartRead(op *ops.Operation) {
	if s.parts++; s.parts != 2 {
		s.Conn.StartRead(op)
		return
	}
	if s.before != nil {
		s.before()
	}
	s.Conn.StartRead(op)
	if s.after != nil {
		s.after()
	}
}

func TestCancelBetweenParts(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		for _, when := range []string{"before", "after"} {
			a, b := w.pair()
			var slot ops.CancelSlot
			var r, wrote result
			s := &stepReader{Conn: a}
			cancel := func() { slot.Cancel() }
			if when == "before" {
				s.before = cancel
			} else {
				s.after = cancel
			}
			ops.ReadFull(s, make([]byte, 8), ops.WithCancelSlot(&r, &slot))
			b.Write([]byte("half"), &wrote)
			w.run()
			r.want(t, 4, ops.ErrCanceled)
			wrote.want(t, 4, nil)
			echo(t, w, a, b)
		}
	})
}

// TestCancelTooLate cancels an operation that has its result.
func TestCancelTooLate(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var slot ops.CancelSlot
		var r result
		h := ops.WithCancelSlot(&r, &slot)
		if slot.Cancel() {
			t.Error("Cancel says that something is outstanding, before anything was")
		}
		a.Read(nil, h)
		slot.Cancel()
		w.run()
		r.want(t, 0, nil)
		ops.Post(w, h)
		slot.Cancel()
		w.run()
		if r.calls != 2 || r.err != nil {
			t.Errorf("a posted handler that was cancelled: %d calls, error %v", r.calls, r.err)
		}
		echo(t, w, a, b)
	})
}

func TestCancelConn(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var r [3]result
		a.Read(make([]byte, 1), &r[0])
		a.Read(make([]byte, 1), &r[1])
		ops.WriteFull(a, make([]byte, 64<<20), &r[2])
		// The WriteFull may be between two parts, with nothing outstanding.
		ops.Post(w, ops.HandlerFunc(func(int, error) { a.Cancel() }))
		w.run()
		r[0].want(t, 0, ops.ErrCanceled)
		r[1].want(t, 0, ops.ErrCanceled)
		if r[2].calls != 1 || r[2].err != ops.ErrCanceled {
			t.Errorf("WriteFull: %d calls, last with (%d, %v)", r[2].calls, r[2].n, r[2].err)
		}
		var read result
		ops.ReadFull(b, make([]byte, r[2].n), &read)
		w.run()
		read.want(t, r[2].n, nil)
		a.Cancel() // nothing is outstanding
		echo(t, w, a, b)
		b.Close()

		l := w.listen("tcp", "127.0.0.1:0")
		var c, d platform.Conn
		var accepted [2]result
		l.Accept(&c, &accepted[0])
		l.Accept(&d, &accepted[1])
		l.Cancel()
		w.run()
		accepted[0].want(t, 0, ops.ErrCanceled)
		accepted[1].want(t, 0, ops.ErrCanceled)

		silent := stuck(t)
		if silent == "" {
			return
		}
		var canceled, closed result
		w.Connect(&c, "tcp", silent, &canceled)
		c.Cancel()
		w.Connect(&d, "tcp", silent, &closed)
		d.Close()
		w.run()
		canceled.want(t, 0, ops.ErrCanceled)
		closed.want(t, 0, net.ErrClosed)
		w.join(&c, &d)
	})
}

// TestCancelRace cancels reads while what they wait for arrives. Each ends
// once, one way or the other, and no byte is lost.
func TestCancelRace(t *testing.T) {
	const size = 4000
	for _, m := range modesAndFakes() {
		if m.runners == 0 {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t)
			a, peer := w.peer()
			var slot ops.CancelSlot
			var got, canceled int
			var done atomic.Bool
			buf := make([]byte, 1)
			var h ops.Handler
			h = ops.WithCancelSlot(ops.HandlerFunc(func(n int, err error) {
				switch {
				case err == ops.ErrCanceled && n == 0:
					canceled++
				case err != nil || n != 1 || buf[0] != byte(got):
					t.Errorf("after %d bytes: (%d, %v) and the byte %d", got, n, err, buf[0])
					return
				default:
					got++
				}
				if got == size {
					done.Store(true)
					return
				}
				a.Read(buf, h)
			}), &slot)
			a.Read(buf, h)
			var others sync.WaitGroup
			defer others.Wait()
			defer done.Store(true) // should Run fail
			others.Go(func() {
				for !done.Load() {
					slot.Cancel()
					runtime.Gosched() // otherwise one processor does nothing but cancel
				}
			})
			others.Go(func() {
				for i := range size {
					peer.Write([]byte{byte(i)})
				}
			})
			w.run()
			if got != size {
				t.Errorf("%d of %d bytes arrived", got, size)
			}
			t.Logf("%d reads were cancelled", canceled)
		})
	}
}
