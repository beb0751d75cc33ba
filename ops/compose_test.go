package ops_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A countdown waits n times.
type countdown struct {
	timer *platform.Timer
	left  int
	waits int
}

func tick(f *ops.Frame[countdown], _ int, err error) {
	if err != nil || f.State.left == 0 {
		f.Return(f.State.waits, err)
		return
	}
	f.State.left--
	f.State.waits++
	f.State.timer.Wait(0, f)
}

// measured binds h to allocators that count.
func measured(h ops.Handler) (ops.Handler, *combinators.Stats[ops.Operation], *combinators.Stats[ops.Frame[countdown]]) {
	blocks := combinators.NewStats(allocator.Allocator[ops.Operation](allocator.Heap[ops.Operation]{}))
	frames := combinators.NewStats(allocator.Allocator[ops.Frame[countdown]](allocator.Heap[ops.Frame[countdown]]{}))
	h = ops.WithAllocator[ops.Operation](h, blocks)
	return ops.WithAllocator[ops.Frame[countdown]](h, frames), blocks, frames
}

func TestComposeReleasesBeforeTheHandler(t *testing.T) {
	p := newProactor(t)
	var blocks *combinators.Stats[ops.Operation]
	var frames *combinators.Stats[ops.Frame[countdown]]
	called := 0
	var h ops.Handler = ops.HandlerFunc(func(n int, err error) {
		called++
		if n != 3 || err != nil {
			t.Errorf("told %d, %v, want 3, nil", n, err)
		}
		if blocks.Counts().Live != 0 || frames.Counts().Live != 0 {
			t.Errorf("%d blocks and %d frames alive in the handler", blocks.Counts().Live, frames.Counts().Live)
		}
	})
	h, blocks, frames = measured(h)
	ops.Compose(p, h, countdown{timer: p.NewTimer(), left: 3}, tick)
	if called != 0 {
		t.Error("called from inside Compose")
	}
	run(t, p, 2)
	if called != 1 {
		t.Errorf("called %d times", called)
	}
	if frames.Counts().Peak != 1 || blocks.Counts().Peak != 1 {
		t.Errorf("peak of %d frames and %d blocks, want 1 and 1", frames.Counts().Peak, blocks.Counts().Peak)
	}
}

func TestComposeIsAbandonedWithItsProactor(t *testing.T) {
	p := newProactor(t)
	abandoned := 0
	h, blocks, frames := measured(&abandonable{t, &abandoned})
	ops.Compose(p, h, countdown{timer: p.NewTimer(), left: 3}, func(f *ops.Frame[countdown], _ int, err error) {
		f.State.timer.Wait(time.Hour, f)
		p.Stop()
	})
	run(t, p, 1)
	p.Close()
	if abandoned != 1 || blocks.Counts().Live != 0 || frames.Counts().Live != 0 {
		t.Errorf("abandoned %d times, %d blocks and %d frames alive", abandoned, blocks.Counts().Live, frames.Counts().Live)
	}
}

func TestComposeExhausted(t *testing.T) {
	for name, bind := range map[string]func(ops.Handler) ops.Handler{
		"frame": func(h ops.Handler) ops.Handler {
			return ops.WithAllocator[ops.Frame[countdown]](h, allocator.Null[ops.Frame[countdown]]{})
		},
		"operation": func(h ops.Handler) ops.Handler {
			return ops.WithAllocator[ops.Operation](h, allocator.Null[ops.Operation]{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProactor(t)
			called := 0
			h := bind(ops.HandlerFunc(func(n int, err error) {
				called++
				if n != 0 || !errors.Is(err, allocator.ErrExhausted) {
					t.Errorf("told %d, %v", n, err)
				}
			}))
			ops.Compose(p, h, countdown{}, func(*ops.Frame[countdown], int, error) { t.Error("there is no memory, and a step") })
			if called != 0 {
				t.Error("called from inside Compose")
			}
			run(t, p, 1)
			if called != 1 {
				t.Errorf("called %d times", called)
			}
		})
	}
}

func TestComposeOnAStrandAllocatesNothing(t *testing.T) {
	p := newProactor(t, platform.SingleRunner())
	var slot combinators.SingleSlot[ops.Operation]
	var frame combinators.SingleSlot[ops.Frame[countdown]]
	var h ops.Handler = ops.HandlerFunc(func(int, error) {})
	h = ops.WithExecutor(h, ops.NewStrand(p))
	h = ops.WithAllocator[ops.Operation](h, &slot)
	h = ops.WithAllocator[ops.Frame[countdown]](h, &frame)
	timer := p.NewTimer()
	ctx := t.Context()
	once := func() {
		ops.Compose(p, h, countdown{timer: timer, left: 2}, tick)
		p.Run(ctx)
	}
	once()
	// What is left is Run's own, which watches the context.
	empty := testing.AllocsPerRun(100, func() { p.Run(ctx) })
	if got := testing.AllocsPerRun(100, once); got != empty {
		t.Errorf("%v allocations, and %v of them by Run", got, empty)
	}
}

func TestComposeEndsOnce(t *testing.T) {
	p := newProactor(t)
	ops.Compose(p, ops.HandlerFunc(func(int, error) {}), countdown{}, func(f *ops.Frame[countdown], n int, err error) {
		f.Return(0, nil)
		defer func() {
			if recover() == nil {
				t.Error("the second Return did not panic")
			}
		}()
		f.Return(0, nil)
	})
	run(t, p, 1)
}

func TestComposeMisuse(t *testing.T) {
	var l loop
	h, _, frames := measured(ops.HandlerFunc(func(int, error) {}))
	mustPanic(t, "nil Executor", func() { ops.Compose(nil, h, countdown{}, tick) })
	mustPanic(t, "nil Handler", func() { ops.Compose(&l, nil, countdown{}, tick) })
	mustPanic(t, "nil step", func() { ops.Compose[countdown](&l, h, countdown{}, nil) })
	if n := frames.Counts().Total; n != 0 {
		t.Errorf("%d frames were allocated", n)
	}
}

// A shut loop refuses what is executed there.
type shutLoop struct{ loop }

func (l *shutLoop) Execute(op *ops.Operation) { l.loop.Execute(op.Refuse(net.ErrClosed)) }

// A step is told that the executor was closed while an operation was outstanding. It may
// have more to do, and ends when it returns.
func TestComposeRefusedLater(t *testing.T) {
	var j journal
	var l loop
	var shut shutLoop
	h, blocks, frames := measured(j.handler())
	ops.Compose(&l, h, countdown{left: 1}, func(f *ops.Frame[countdown], n int, err error) {
		if f.State.left--; f.State.left == 0 {
			ops.Post(&shut, f)
			return
		}
		j.add("step %v", err)
		f.Return(7, err)
	})
	l.run()
	j.check(t)
	if blocks.Counts().Live != 0 || frames.Counts().Live != 1 {
		t.Errorf("%d blocks and %d frames alive after a refusal", blocks.Counts().Live, frames.Counts().Live)
	}
	shut.run()
	j.check(t, "step use of closed network connection", "handler 7 use of closed network connection")
}

func TestComposeRefusedKeepsNoFrame(t *testing.T) {
	p := newProactor(t)
	p.Close()
	var got error
	h, blocks, frames := measured(ops.HandlerFunc(func(_ int, err error) { got = err }))
	ops.Compose(p, h, countdown{}, tick)
	if blocks.Counts().Live != 0 || frames.Counts().Live != 0 {
		t.Errorf("%d blocks and %d frames alive after a refusal", blocks.Counts().Live, frames.Counts().Live)
	}
	p.Run(t.Context())
	if !errors.Is(got, net.ErrClosed) {
		t.Errorf("told %v", got)
	}
}

// A step is told of the error of an operation that it has started, and decides; only
// where there was no memory for the first one is there no step.
func TestComposeGoesOnAfterAnError(t *testing.T) {
	var j journal
	s := &script{parts: []part{{0, errMid}, {1, nil}}, text: "a"}
	ops.Compose(s, j.handler(), 0, func(f *ops.Frame[int], n int, err error) {
		j.add("step %d: %d %v", f.State, n, err)
		if f.State++; f.State == 3 {
			f.Return(7, err)
			return
		}
		ops.Read(s, make([]byte, 1), f)
	})
	s.run()
	j.check(t, "step 0: 0 <nil>", "step 1: 0 mid-way", "step 2: 1 <nil>", "handler 7 <nil>")
}
