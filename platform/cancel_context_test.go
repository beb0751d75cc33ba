package platform_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func TestCancelOnDone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		ctx, cancel := context.WithCancel(context.Background())
		var slot ops.CancelSlot
		release := slot.CancelOnDone(ctx)
		var r result
		a.Read(make([]byte, 1), ops.WithCancelSlot(&r, &slot))
		ops.Post(w, ops.HandlerFunc(func(int, error) { cancel() }))
		w.run()
		r.want(t, 0, context.Canceled)
		if release() {
			t.Error("the context was let go of before it was done, and it is")
		}

		ctx, cancel = context.WithCancel(context.Background())
		stop := slot.CancelOnDone(ctx)
		if !stop() {
			t.Error("the context could not be let go of")
		}
		cancel()
		var read, wrote result
		a.Read(make([]byte, 1), ops.WithCancelSlot(&read, &slot))
		b.Write([]byte{1}, &wrote)
		w.run()
		read.want(t, 1, nil)
	})
}

// TestCancelOnDoneWhileParked ends contexts from other goroutines while the runners wait
// for the kernel, with operations of every kind outstanding.
func TestCancelOnDoneWhileParked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.pair()
		for name, start := range map[string]func(ops.Handler){
			"read":      func(h ops.Handler) { a.Read(make([]byte, 1), h) },
			"ReadFull":  func(h ops.Handler) { ops.ReadFull(a, make([]byte, 8), h) },
			"wait":      func(h ops.Handler) { w.NewTimer().Wait(time.Hour, h) },
			"accept":    func(h ops.Handler) { w.listen("tcp", "127.0.0.1:0").Accept(new(platform.Conn), h) },
			"read from": func(h ops.Handler) { w.packets("udp4", "127.0.0.1:0").ReadFrom(make([]byte, 1), nil, h) },
		} {
			var slot ops.CancelSlot
			var memory counting
			var r result
			ctx, cancel := context.WithCancel(context.Background())
			stop := slot.CancelOnDone(ctx)
			start(ops.WithCancelSlot(ops.WithAllocator(&r, &memory), &slot))
			go func() {
				for !w.Host().Parked() {
					time.Sleep(time.Microsecond)
				}
				cancel()
			}()
			w.await(&r)
			if r.calls != 1 || r.n != 0 || r.err != ops.ErrCanceled {
				t.Errorf("%s: %d calls, last with (%d, %v)", name, r.calls, r.n, r.err)
			}
			stop()
			memory.check(t)
		}
	})
}

// A contextChain waits in vain with a slot that is bound to a context, clears the slot in
// its handler, and begins again with another context. What was let go of cancels
// nothing.
type contextChain struct {
	w     *world
	t     *testing.T
	slot  ops.CancelSlot
	timer platform.Timer
	stop  func() bool
	late  context.CancelFunc // of the context that was let go of
	left  int
	calls int
	ends  chan context.CancelFunc
}

func (c *contextChain) CancelSlot() *ops.CancelSlot { return &c.slot }

// begin starts an operation that the context ends, or one that ends by itself and lets go
// of the context before it is done.
func (c *contextChain) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	c.stop, c.late = c.slot.CancelOnDone(ctx), cancel
	if ends := c.ends; c.left%2 == 0 {
		c.timer.Wait(time.Hour, c) // another goroutine may go on from here
		ends <- cancel
	} else {
		c.timer.Wait(0, c)
	}
}

func (c *contextChain) Complete(_ int, err error) {
	c.calls++
	want := error(nil)
	if c.left%2 == 0 {
		want = ops.ErrCanceled
	}
	if err != want {
		c.t.Errorf("%d before the end: told %v, want %v", c.left, err, want)
	}
	c.stop()
	if c.left%2 != 0 {
		c.ends <- c.late
	}
	c.slot = ops.CancelSlot{} // the program's, from here on
	if c.left--; c.left > 0 {
		c.begin()
	}
}

// TestCancelOnDoneChain is for the race detector: contexts are done from other
// goroutines in the midst of chains.
func TestCancelOnDoneChain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const chains, steps = 4, 200
		ends := make(chan context.CancelFunc, chains*steps)
		var others sync.WaitGroup
		for range 2 {
			others.Go(func() {
				for cancel := range ends {
					cancel()
				}
			})
		}
		all := make([]*contextChain, chains)
		for i := range all {
			c := &contextChain{w: w, t: t, left: steps, ends: ends}
			c.timer.Init(w.Proactor)
			all[i] = c
			c.begin()
		}
		w.run()
		close(ends)
		others.Wait()
		for i, c := range all {
			if c.calls != steps {
				t.Errorf("chain %d has ended after %d of %d", i, c.calls, steps)
			}
		}
		w.run() // what was posted too late cancels nothing
	})
}

// TestCancelOnDoneClosed closes a proactor while contexts are done: the operations are
// abandoned, their memory is released, and nobody is told.
func TestCancelOnDoneClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var memory counting
		var slots [20]ops.CancelSlot
		var stops [len(slots)]func() bool
		ctx, cancel := context.WithCancel(context.Background())
		var r result
		for i := range slots {
			stops[i] = slots[i].CancelOnDone(ctx)
			w.NewTimer().Wait(time.Hour, ops.WithCancelSlot(ops.WithAllocator(&r, &memory), &slots[i]))
		}
		done := make(chan struct{})
		go func() { defer close(done); cancel() }()
		w.within("Close", func() { w.Close() })
		<-done
		for _, stop := range stops { // waits for the goroutine of a context that cancels
			stop()
		}
		r.later(t)
		memory.check(t)
	})
}
