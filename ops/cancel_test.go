package ops_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// canceler notes what it is asked to cancel.
type canceler struct{ *journal }

func (c canceler) CancelOperation(s *ops.CancelSlot) {
	if op := s.Requested(c); op != nil {
		c.add("cancel %d", op.Args[1])
	}
}

// TestCancelSlot follows a slot through the life of operations, without a
// platform.
func TestCancelSlot(t *testing.T) {
	var j journal
	var slot ops.CancelSlot
	h := ops.WithCancelSlot(j.handler(), &slot)
	check := func(when string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	arm := func(op *ops.Operation, id uint64) bool {
		op.Args[1] = id
		return op.Arm(canceler{&j})
	}

	check("Cancel before anything began", slot.Cancel(), false)
	op := ops.Begin(h, nil)
	check("Arm", arm(op, 1), true)
	check("Cancel", slot.Cancel(), true)
	check("Cancel again", slot.Cancel(), true)
	j.check(t, "cancel 1", "cancel 1")
	check("Arm for the next part, after Cancel", arm(op, 2), false)
	op.Err = ops.ErrCanceled
	op.Complete()
	j.check(t, "handler 0 ops: operation canceled")
	check("Cancel after the end", slot.Cancel(), false)

	op = ops.Begin(h, nil)
	check("Arm of the next operation", arm(op, 3), true)
	check("Arm for its next part", arm(op, 4), true)
	check("Cancel", slot.Cancel(), true)
	j.check(t, "cancel 4")
	op.Disarm()
	check("Cancel between two parts", slot.Cancel(), true)
	j.check(t)
	op.Abandon()
	check("Cancel after it was abandoned", slot.Cancel(), false)

	op = ops.Begin(h, nil)
	check("Cancel before it is anywhere", slot.Cancel(), true)
	check("Arm", arm(op, 5), false)
	op.Refuse(errMid).Complete()
	j.check(t, "handler 0 mid-way")
	check("Cancel after it was refused", slot.Cancel(), false)

	op = ops.Begin(j.handler(), nil)
	check("Arm without a slot", arm(op, 6), true)
	op.Complete()
}

// TestErrCanceled checks that one can treat it as a context's error.
func TestErrCanceled(t *testing.T) {
	if !errors.Is(ops.ErrCanceled, context.Canceled) || errors.Is(ops.ErrCanceled, context.DeadlineExceeded) {
		t.Error("ErrCanceled is not context.Canceled alone")
	}
}

func TestCancelOnDone(t *testing.T) {
	canceled := make(chan uint64, 1)
	var slot ops.CancelSlot
	ctx, cancel := context.WithCancel(context.Background())
	slot.CancelOnDone(ctx)
	op := ops.Begin(ops.WithCancelSlot(ops.HandlerFunc(func(int, error) {}), &slot), nil)
	op.Args[1] = 7
	if !op.Arm(told(canceled)) {
		t.Fatal("Arm says that it was cancelled")
	}
	cancel()
	select {
	case id := <-canceled:
		if id != 7 {
			t.Errorf("operation %d was cancelled, want 7", id)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the context is done and the operation was not cancelled")
	}
	op.Complete()
}

type told chan uint64

func (t told) CancelOperation(s *ops.CancelSlot) { t <- s.Requested(t).Args[1] }

// TestCancelOnDoneElsewhere has a canceler that only its executor may call: it is
// called there, and not if the context was let go of meanwhile.
func TestCancelOnDoneElsewhere(t *testing.T) {
	for _, released := range []bool{false, true} {
		posted := make(chan *ops.Operation, 1)
		c := elsewhere{told(make(chan uint64, 1)), executor(posted)}
		var slot ops.CancelSlot
		ctx, cancel := context.WithCancel(context.Background())
		stop := slot.CancelOnDone(ctx)
		op := ops.Begin(ops.WithCancelSlot(ops.HandlerFunc(func(int, error) {}), &slot), nil)
		op.Args[1] = 7
		if !op.Arm(c) {
			t.Fatal("Arm says that it was cancelled")
		}
		cancel()
		there := <-posted
		if len(c.told) != 0 {
			t.Error("it was cancelled by the goroutine of the context")
		}
		if released {
			stop()
		}
		there.Complete()
		if n := len(c.told); n == 0 != released {
			t.Errorf("released is %v, and %d operations were cancelled", released, n)
		}
		op.Complete()
	}
}

type elsewhere struct {
	told
	executor
}

func (e elsewhere) CancelOperation(s *ops.CancelSlot) { e.told <- s.Requested(e).Args[1] }
func (e elsewhere) Executor() ops.Executor            { return e.executor }

type executor chan *ops.Operation

func (e executor) Execute(op *ops.Operation) { e <- op }

// TestCancelOnDoneReleased lets go of a context that is done at the same time. What is
// started afterwards is not cancelled, however late the context's own goroutine comes.
func TestCancelOnDoneReleased(t *testing.T) {
	for range 2000 {
		var slot ops.CancelSlot
		ctx, cancel := context.WithCancel(context.Background())
		stop := slot.CancelOnDone(ctx)
		cancel()
		stop()
		stop()
		op := ops.Begin(ops.WithCancelSlot(ops.HandlerFunc(func(int, error) {}), &slot), nil)
		for range 3 {
			runtime.Gosched()
		}
		if !op.Arm(told(nil)) {
			t.Fatal("an operation was cancelled by a context that was let go of before it began")
		}
		op.Complete()
	}
}

// TestCancelSlotShared has a second operation begin with a slot: it stands for that one
// then, and does not take the first for it.
func TestCancelSlotShared(t *testing.T) {
	var j journal
	var slot ops.CancelSlot
	h := ops.WithCancelSlot(j.handler(), &slot)
	first, second := ops.Begin(h, nil), (*ops.Operation)(nil)
	if !first.Arm(canceler{&j}) {
		t.Fatal("Arm says that the first was cancelled")
	}
	second = ops.Begin(h, nil) // and is nowhere
	if !slot.Cancel() {
		t.Error("nothing has begun")
	}
	j.check(t)
	first.Disarm()
	first.Complete()
	if !slot.Cancel() {
		t.Error("the end of the first is taken for that of the second")
	}
	second.Complete()
	if slot.Cancel() {
		t.Error("both have ended")
	}
}

// What cancels looks for the operation that was asked for, where it is.
func TestCancelSlotRequested(t *testing.T) {
	var j journal
	var slot ops.CancelSlot
	here, there := canceler{&j}, canceler{new(journal)}
	check := func(when string, at ops.Canceler, want *ops.Operation) {
		t.Helper()
		if got := slot.Requested(at); got != want {
			t.Errorf("%s: %p is requested, want %p", when, got, want)
		}
	}
	op := ops.Begin(ops.WithCancelSlot(j.handler(), &slot), nil)
	op.Arm(here)
	check("before Cancel", here, nil)
	slot.Cancel()
	check("after Cancel", here, op)
	check("after Cancel, elsewhere", there, nil)
	op.Complete()
	check("at the end", here, nil)
	check("at the end, nowhere", nil, nil)
}

// An operation whose slot stands for another one is started all the same, and that slot
// knows nothing of where it is.
func TestCancelSlotOfAnother(t *testing.T) {
	var j journal
	var slot ops.CancelSlot
	h := ops.WithCancelSlot(j.handler(), &slot)
	first := ops.Begin(h, nil)
	ops.Begin(h, nil)
	if !first.Arm(canceler{&j}) {
		t.Error("the first is cancelled")
	}
	slot.Cancel()
	j.check(t)
}

// What begins when its context is done is cancelled, and not queued.
func TestCancelOnDoneBefore(t *testing.T) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, start := range map[string]func(s *vectorSink, h ops.Handler){
		"WriteQueue": func(s *vectorSink, h ops.Handler) {
			q := ops.NewWriteQueue(s, 100)
			q.Write([]byte("a"), h)
			if n := q.Buffered(); n != 0 {
				t.Errorf("%d bytes wait", n)
			}
		},
		"BufferedWriter": func(s *vectorSink, h ops.Handler) {
			b := ops.NewBufferedWriter(s, 100, nil)
			mustAppend(t, b, "a")
			b.Flush(h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			var s vectorSink
			var slot ops.CancelSlot
			defer slot.CancelOnDone(done)()
			start(&s, ops.WithCancelSlot(j.handler(), &slot))
			j.check(t)
			s.run()
			j.check(t, "handler 0 ops: operation canceled")
		})
	}
}

// A cancellation may come when the operation is not outstanding there any more. Then
// nothing happens, and no lock stays held.
func TestCancelOperationTooLate(t *testing.T) {
	for name, begin := range map[string]func(s *vectorSink, h ops.Handler) ops.Canceler{
		"WriteQueue": func(s *vectorSink, h ops.Handler) ops.Canceler {
			q := ops.NewWriteQueue(s, 100)
			q.Write([]byte("a"), h)
			return q
		},
		"BufferedWriter": func(s *vectorSink, h ops.Handler) ops.Canceler {
			b := ops.NewBufferedWriter(s, 100, nil)
			mustAppend(t, b, "a")
			b.Flush(h)
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			var s vectorSink
			target := begin(&s, j.handler())
			for range 2 {
				target.CancelOperation(new(ops.CancelSlot))
			}
			s.take(everything, nil)
			if len(j) != 1 || !strings.HasSuffix(j[0], "<nil>") {
				t.Errorf("what happened: %q, want one handler without an error", []string(j))
			}
		})
	}
}
