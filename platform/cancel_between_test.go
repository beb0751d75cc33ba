package platform_test

import (
	"context"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// chainKinds are operations that a chain may start with a slot when its context
// is done, some of which would wait, and some not.
var chainKinds = []struct {
	name string
	of   func(*testing.T, *world) (start func(ops.Handler))
}{
	{"Wait", func(t *testing.T, w *world) func(ops.Handler) {
		timer := w.NewTimer()
		return func(h ops.Handler) { timer.Wait(time.Hour, h) }
	}},
	{"Wait 0", func(t *testing.T, w *world) func(ops.Handler) {
		timer := w.NewTimer()
		return func(h ops.Handler) { timer.Wait(0, h) }
	}},
	{"Read", func(t *testing.T, w *world) func(ops.Handler) {
		a, _ := w.peer()
		return func(h ops.Handler) { a.Read(make([]byte, 1), h) }
	}},
	{"ReadFull", func(t *testing.T, w *world) func(ops.Handler) {
		a, _ := w.peer()
		return func(h ops.Handler) { ops.ReadFull(a, make([]byte, 8), h) }
	}},
	{"Write", func(t *testing.T, w *world) func(ops.Handler) {
		a, _ := w.peer()
		return func(h ops.Handler) { a.Write([]byte{1}, h) }
	}},
	{"Accept", func(t *testing.T, w *world) func(ops.Handler) {
		l := w.listen("tcp", "127.0.0.1:0")
		return func(h ops.Handler) { l.Accept(new(platform.Conn), h) }
	}},
	{"Connect", func(t *testing.T, w *world) func(ops.Handler) {
		l := w.listen("tcp", "127.0.0.1:0")
		return func(h ops.Handler) { w.Connect(new(platform.Conn), "tcp", l.Addr().String(), h) }
	}},
	{"ReadFrom", func(t *testing.T, w *world) func(ops.Handler) {
		c := w.packets("udp4", "127.0.0.1:0")
		return func(h ops.Handler) { c.ReadFrom(make([]byte, 1), nil, h) }
	}},
	{"WriteTo", func(t *testing.T, w *world) func(ops.Handler) {
		c := w.packets("udp4", "127.0.0.1:0")
		return func(h ops.Handler) { c.WriteTo([]byte{1}, addrOf(c), h) }
	}},
	{"WriteAt", func(t *testing.T, w *world) func(ops.Handler) {
		f := w.temp()
		return func(h ops.Handler) { f.WriteAt([]byte{1}, 0, h) }
	}},
}

// TestDoneBetween ends the context of a cancel slot before the first operation of
// a chain, and between two of them: the next one is refused, so that the chain
// ends.
func TestDoneBetween(t *testing.T) {
	for _, kind := range chainKinds {
		t.Run(kind.name, func(t *testing.T) {
			for _, m := range modes() {
				t.Run(m.String(), func(t *testing.T) {
					w := m.open(t)
					start := kind.of(t, w)
					var memory counting
					var slot ops.CancelSlot
					bind := func(h ops.Handler) ops.Handler {
						// What nobody refuses might wait for ever.
						h = ops.WithTimeout(ops.WithAllocator(h, &memory), patience/10)
						return ops.WithCancelSlot(h, &slot)
					}
					ctx, cancel := context.WithCancel(context.Background())
					stop := slot.CancelOnDone(ctx)
					var first, next, before, after result
					first.then = func() { cancel(); start(bind(&next)) }
					w.NewTimer().Wait(0, bind(&first))
					w.await(&next)
					first.want(t, 0, nil)
					next.want(t, 0, ops.ErrCanceled)
					stop()

					stop = slot.CancelOnDone(ctx) // which is done
					start(bind(&before))
					before.later(t)
					w.await(&before)
					before.want(t, 0, ops.ErrCanceled)
					stop()

					ctx, cancel = context.WithCancel(context.Background())
					slot.CancelOnDone(ctx)()
					cancel()
					w.NewTimer().Wait(0, bind(&after)) // what it has let go of does not matter
					w.await(&after)
					after.want(t, 0, nil)
					memory.check(t)
				})
			}
		})
	}
}

// TestCancelBetween cancels by hand when nothing is outstanding: that does not
// concern the operation that comes next, neither before the first of a chain nor
// between two.
func TestCancelBetween(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		var slot ops.CancelSlot
		timer := w.NewTimer()
		left := 10
		var h ops.Handler
		h = ops.WithCancelSlot(ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				t.Errorf("%d before the end: %v", left, err)
			}
			if slot.Cancel() {
				t.Error("Cancel says that something is outstanding, in the handler")
			}
			if left--; left > 0 {
				timer.Wait(0, h)
			}
		}), &slot)
		slot.Cancel()
		timer.Wait(0, h)
		w.run()
		if left != 0 {
			t.Errorf("the chain has ended, and %d operations were to come", left)
		}
	})
}
