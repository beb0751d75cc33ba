package ops_test

import (
	"io"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// A home is a loop that knows its coroutines, and can be closed.
type home struct {
	loop
	coroutines ops.Coroutines
}

func (h *home) Coroutines() *ops.Coroutines { return &h.coroutines }

// close abandons what is outstanding, and then the coroutines that wait for nothing.
func (h *home) close(t *testing.T) {
	t.Helper()
	for turns := 0; len(h.ready) > 0 || h.coroutines.Pending(); turns++ {
		if turns == 1000 {
			t.Fatalf("%d coroutines do not end", h.coroutines.Len())
		}
		if len(h.ready) == 0 {
			h.coroutines.Abandon()
			continue
		}
		op := h.ready[0]
		h.ready = h.ready[1:]
		op.Abandon()
	}
	if n := h.coroutines.Len(); n != 0 {
		t.Errorf("%d coroutines have not ended", n)
	}
}

// A coroutine that waits for what nobody has started has to be ended by itself. One that
// has an operation outstanding ends with that.
func TestCoroutinesPending(t *testing.T) {
	for name, test := range map[string]struct {
		wait    func(h *home, kept *ops.Handler, co *ops.Co)
		pending bool
	}{
		"yields":              {func(_ *home, _ *ops.Handler, co *ops.Co) { co.Yield() }, false},
		"starts an operation": {func(h *home, _ *ops.Handler, co *ops.Co) { co.Await(func(x ops.Handler) { ops.Post(h, x) }) }, false},
		"starts it with a layer": {func(h *home, _ *ops.Handler, co *ops.Co) {
			co.Await(func(x ops.Handler) { ops.Post(h, ops.WithTimeout(x, 1)) })
		}, false},
		"in a batch": {func(h *home, _ *ops.Handler, co *ops.Co) {
			var b ops.Batch
			var members [1]ops.Member
			co.Wait(&b, members[:], ops.UntilAll, func() { ops.Post(h, &members[0]) })
		}, false},
		"keeps the handler": {func(_ *home, kept *ops.Handler, co *ops.Co) { co.Await(func(x ops.Handler) { *kept = x }) }, true},
		"starts a part of another": {func(h *home, kept *ops.Handler, co *ops.Co) {
			co.Await(func(x ops.Handler) {
				*kept = x
				ops.Post(h, ops.HandlerFunc(func(int, error) {}))
			})
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var h home
			var kept ops.Handler
			handler, blocks, cos := spawned(ops.HandlerFunc(func(int, error) { t.Error("the handler was called") }))
			unwound := 0
			for range 3 {
				ops.Spawn(&h, handler, func(co *ops.Co) error {
					defer func() { unwound++ }()
					test.wait(&h, &kept, co)
					t.Error("the wait has returned")
					return nil
				})
			}
			for range 3 { // they begin, and no more
				op := h.ready[0]
				h.ready = h.ready[1:]
				op.Complete()
			}
			if got := h.coroutines.Pending(); got != test.pending {
				t.Errorf("Pending is %v, want %v", got, test.pending)
			}
			if n := h.coroutines.Len(); n != 3 {
				t.Errorf("%d coroutines, want 3", n)
			}
			h.close(t)
			if unwound != 3 || blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
				t.Errorf("%d of 3 are unwound, %d blocks and %d Cos alive", unwound, blocks.Counts().Live, cos.Counts().Live)
			}
		})
	}
}

// A coroutine goes on as whoever has kept its handler starts its operation.
func TestCoroutineStartedByOthers(t *testing.T) {
	var h home
	var kept ops.Handler
	var j journal
	ops.Spawn(&h, j.handler(), func(co *ops.Co) error {
		for range 2 {
			co.Await(func(x ops.Handler) { kept = x })
			j.add("goes on")
		}
		return io.EOF
	})
	h.run()
	for _, want := range [][]string{{"goes on"}, {"goes on", "handler 0 EOF"}} {
		j.check(t)
		ops.Post(&h, kept)
		h.run()
		j.check(t, want...)
	}
	h.close(t)
}

// A coroutine has one operation outstanding. What it has started keeps its memory until
// that has ended, and then it is released.
func TestCoroutineStartsTwo(t *testing.T) {
	const busy = "while one of its own is outstanding"
	for name, test := range map[string]struct {
		f     func(t *testing.T, h *home, co *ops.Co)
		panic string
		ends  bool // by returning, and its handler is called
	}{
		"at once": {f: func(_ *testing.T, h *home, co *ops.Co) {
			co.Await(func(x ops.Handler) { ops.Post(h, x); ops.Post(h, x) })
		}, panic: busy},
		"with another layer": {f: func(t *testing.T, h *home, co *ops.Co) {
			mustPanic(t, busy, func() { co.Await(func(x ops.Handler) { ops.Post(h, x); co.Yield() }) })
		}, ends: true},
		"in a batch": {f: func(_ *testing.T, h *home, co *ops.Co) {
			co.Await(func(x ops.Handler) {
				ops.Post(h, x)
				new(ops.Batch).Start(make([]ops.Member, 1), ops.UntilAll, x)
			})
		}, panic: busy},
		"and recovers": {f: func(t *testing.T, h *home, co *ops.Co) {
			mustPanic(t, busy, func() { co.Await(func(x ops.Handler) { ops.Post(h, x); ops.Post(h, x) }) })
			mustPanic(t, busy, func() { co.Yield() })
		}, ends: true},
		"and panics in start": {f: func(_ *testing.T, h *home, co *ops.Co) {
			co.Await(func(x ops.Handler) { ops.Post(h, x); panic("a bug") })
		}, panic: "a bug"},
	} {
		t.Run(name, func(t *testing.T) {
			var h home
			told := 0
			handler, blocks, cos := spawned(ops.HandlerFunc(func(_ int, err error) {
				if told++; err != io.EOF {
					t.Errorf("told %v", err)
				}
			}))
			ops.Spawn(&h, handler, func(co *ops.Co) error {
				test.f(t, &h, co)
				return io.EOF
			})
			begin := h.ready[0]
			h.ready = h.ready[1:]
			if test.panic != "" {
				mustPanic(t, test.panic, begin.Complete)
			} else {
				begin.Complete()
			}
			if told != 0 || blocks.Counts().Live != 1 || cos.Counts().Live != 1 {
				t.Errorf("while the operation is outstanding, the handler was called %d times, %d blocks and %d Cos are alive; want none, 1 and 1",
					told, blocks.Counts().Live, cos.Counts().Live)
			}
			h.run()
			if test.ends != (told == 1) || blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
				t.Errorf("the handler was called %d times, and it should be: %v; %d blocks and %d Cos are alive",
					told, test.ends, blocks.Counts().Live, cos.Counts().Live)
			}
			h.close(t)
		})
	}
}

// What was to start an operation may panic, and the coroutine goes on.
func TestCoroutineRecovers(t *testing.T) {
	var h home
	var j journal
	ops.Spawn(&h, j.handler(), func(co *ops.Co) error {
		mustPanic(t, "a bug", func() { co.Read(buggy{}, make([]byte, 1)) })
		mustPanic(t, "a bug", func() { co.Await(func(ops.Handler) { panic("a bug") }) })
		return co.Yield()
	})
	h.run()
	j.check(t, "handler 0 <nil>")
	h.close(t)
}

// buggy is a stream that panics.
type buggy struct{}

func (buggy) StartRead(*ops.Operation) { panic("a bug") }

// next completes what was executed first.
func (h *home) next() {
	op := h.ready[0]
	h.ready = h.ready[1:]
	op.Complete()
}

// A coroutine that is abandoned starts nothing more, and what its deferred calls panic
// with comes out.
func TestCoroutineUnwinds(t *testing.T) {
	for name, test := range map[string]struct {
		deferred func(co *ops.Co)
		panic    string
	}{
		"waits":                       {func(co *ops.Co) { mustPanic(t, "was closed", func() { co.Yield() }) }, ""},
		"panics":                      {func(*ops.Co) { panic("a bug") }, "a bug"},
		"ends what it has waited for": {func(co *ops.Co) { co.Complete(0, nil) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var h home
			handler, blocks, cos := spawned(ops.HandlerFunc(func(int, error) { t.Error("the handler was called") }))
			ops.Spawn(&h, handler, func(co *ops.Co) error {
				defer test.deferred(co)
				co.Await(func(ops.Handler) {})
				return nil
			})
			h.next()
			if test.panic != "" {
				mustPanic(t, test.panic, h.coroutines.Abandon)
			} else {
				h.coroutines.Abandon()
			}
			if len(h.ready) != 0 {
				t.Errorf("%d operations were started", len(h.ready))
			}
			h.close(t)
			if blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
				t.Errorf("%d blocks and %d Cos alive", blocks.Counts().Live, cos.Counts().Live)
			}
		})
	}
}

// A coroutine that has not begun is abandoned like any handler.
func TestCoroutineAbandonedBefore(t *testing.T) {
	var h home
	abandoned := 0
	handler, blocks, cos := spawned(&abandonable{t, &abandoned})
	ops.Spawn(&h, handler, func(*ops.Co) error { t.Error("it runs"); return nil })
	h.close(t)
	if abandoned != 1 || blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
		t.Errorf("abandoned %d times, %d blocks and %d Cos alive", abandoned, blocks.Counts().Live, cos.Counts().Live)
	}
}

// Coroutines that wait for each other are abandoned once each, also if they start as they
// end what the others waited for.
func TestCoroutinesAbandonedTogether(t *testing.T) {
	var h home
	abandoned := 0
	handler, blocks, cos := spawned(&abandonable{t, &abandoned})
	var kept [2]ops.Handler
	for i := range kept {
		ops.Spawn(&h, handler, func(co *ops.Co) error {
			defer func() { ops.Post(&h, kept[1-i]) }()
			co.Await(func(x ops.Handler) { kept[i] = x })
			return nil
		})
	}
	h.next()
	h.next()
	h.close(t)
	if abandoned != 2 || blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
		t.Errorf("abandoned %d times, want 2; %d blocks and %d Cos alive", abandoned, blocks.Counts().Live, cos.Counts().Live)
	}
}

// A coroutine is told when its executor refuses an operation.
func TestCoroutineRefusedLater(t *testing.T) {
	var j journal
	var h home
	var shut shutLoop
	ops.Spawn(&h, j.handler(), func(co *ops.Co) error {
		_, err := co.Await(func(x ops.Handler) { ops.Post(&shut, x) })
		return err
	})
	h.run()
	j.check(t)
	shut.run()
	j.check(t, "handler 0 use of closed network connection")
	h.close(t)
}

// Who completes what is not outstanding learns of it.
func TestCoroutineCompletedWrongly(t *testing.T) {
	var h home
	var kept ops.Handler
	handler, _, _ := spawned(ops.HandlerFunc(func(int, error) {}))
	ops.Spawn(&h, handler, func(co *ops.Co) error {
		co.Await(func(x ops.Handler) {
			kept = x
			ops.Post(&h, x)
		})
		kept.Complete(0, nil)
		mustPanic(t, "two operations outstanding", func() { kept.Complete(0, nil) })
		return nil
	})
	h.run()
	mustPanic(t, "after the coroutine has", func() { kept.Complete(0, nil) })
}

// Coroutines end in any order, and the others are abandoned.
func TestCoroutinesEndInAnyOrder(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		for ended := range 4 {
			var h home
			told, unwound := 0, 0
			var kept [3]ops.Handler
			for i := range kept {
				ops.Spawn(&h, ops.HandlerFunc(func(int, error) { told++ }), func(co *ops.Co) error {
					defer func() { unwound++ }()
					co.Await(func(x ops.Handler) { kept[i] = x })
					return nil
				})
			}
			h.run()
			for _, i := range order[:ended] {
				ops.Post(&h, kept[i])
			}
			h.run()
			if n := h.coroutines.Len(); told != ended || n != 3-ended {
				t.Errorf("%v: %d have ended, and %d are left; want %d and %d", order, told, n, ended, 3-ended)
			}
			h.close(t)
			if told != ended || unwound != 3 {
				t.Errorf("%v: %d of %d have ended, and %d of 3 are unwound", order, told, ended, unwound)
			}
		}
	}
}
