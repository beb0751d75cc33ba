package platform_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestAcceptorDrainsQuietly ends acceptors while a session lives, in ways that would end
// each further operation of the same handler at once too. The wait for that session takes
// a handler or two, and not one after another.
func TestAcceptorDrainsQuietly(t *testing.T) {
	for name, end := range map[string]func(w *world, h ops.Handler, start func(ops.Handler)) (now func()){
		"context": func(w *world, h ops.Handler, start func(ops.Handler)) func() {
			var slot ops.CancelSlot
			ctx, cancel := context.WithCancel(context.Background())
			w.t.Cleanup(func() { slot.CancelOnDone(context.Background()) })
			slot.CancelOnDone(ctx)
			start(ops.WithCancelSlot(h, &slot))
			return cancel
		},
		"batch": func(w *world, h ops.Handler, start func(ops.Handler)) func() {
			b, m := new(ops.Batch), new([2]ops.Member)
			b.Start(m[:], ops.UntilFirst, h)
			start(&m[0])
			timer := w.NewTimer()
			timer.Wait(time.Hour, &m[1])
			return timer.Cancel
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				var a *platform.Acceptor[guest]
				var now func()
				peers := make(chan net.Conn, 1)
				var before int64
				a = guests(func(*guest) {
					timer, left := w.NewTimer(), 20
					var next ops.HandlerFunc
					next = func(int, error) {
						switch left--; left {
						case 19:
							before = w.Stats().Handlers
							now()
						case 0:
							if n := w.Stats().Handlers - before; n > 1000 {
								t.Errorf("%d handlers were called while it drained", n)
							}
							(<-peers).Close()
							return
						}
						timer.Wait(time.Millisecond, next)
					}
					timer.Wait(time.Millisecond, next)
				})
				var over result
				l := w.listen("tcp", "127.0.0.1:0")
				address := l.Addr().String()
				now = end(w, &over, func(h ops.Handler) { a.Start(l, h) })
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				peers <- c
				w.await(&over)
			})
		})
	}
}

// TestAcceptorDrainsAtOnce ends an acceptor that has no memory for a session and pauses. It
// does not finish the pause first.
func TestAcceptorDrainsAtOnce(t *testing.T) {
	w := simulated(t)
	a := guests(nil)
	var drained time.Time
	a.OnError = func(error) {
		ops.Post(w, ops.HandlerFunc(func(int, error) { // the pause begins before it is called
			drained = w.Now()
			a.Drain()
		}))
	}
	var over result
	a.Start(w.listen("tcp", "127.0.0.1:0"), ops.WithAllocator[guest](&over, combinators.NewLimit(allocator.Heap[guest]{}, 0)))
	w.run()
	over.want(t, 0, nil)
	if took := w.Now().Sub(drained); took > time.Millisecond { // a pause is 5 ms at least
		t.Errorf("it ended after %v", took)
	}
}

// TestAcceptorOnErrorPanics has OnError panic in the turn in which a client has come. The
// session is served all the same.
func TestAcceptorOnErrorPanics(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.runners > 1 {
			t.Skip("the panic would end the test")
		}
		served := 0
		a := guests(func(g *guest) {
			served++
			g.of.Drain()
		})
		a.OnError = func(err error) { panic("a bug of the program") }
		var over result
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		sessions := &firstOnly[guest]{}
		a.Start(l, ops.WithAllocator[guest](&over, sessions))
		go call(t, address, atOnce)
		mustPanic(t, "a bug of the program", func() { w.Run(t.Context()) })
		if served != 1 {
			t.Errorf("%d sessions were served", served)
		}
		w.run()
		over.want(t, 0, nil)
	})
}

// firstOnly is an allocator that fails after the first block.
type firstOnly[T any] struct {
	allocator.Heap[T]
	given bool
}

func (a *firstOnly[T]) Allocate(n int) ([]T, error) {
	if a.given {
		return nil, allocator.ErrExhausted
	}
	a.given = true
	return a.Heap.Allocate(n)
}
