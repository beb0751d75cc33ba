package ops_test

import (
	"context"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

type tag struct{}

func tagged(name string) context.Context { return context.WithValue(context.Background(), tag{}, name) }

// ownContext is a handler that answers for itself, perhaps with nil.
type ownContext struct {
	inner ops.Handler
	ctx   context.Context
}

func (o ownContext) Complete(n int, err error) { o.inner.Complete(n, err) }
func (o ownContext) Unwrap() ops.Handler       { return o.inner }
func (o ownContext) Context() context.Context  { return o.ctx }

func TestContextOf(t *testing.T) {
	plain := ops.HandlerFunc(func(int, error) {})
	a := ops.WithContext(plain, tagged("a"))
	for _, test := range []struct {
		name string
		h    ops.Handler
		want any
	}{
		{"nil", nil, nil},
		{"none", plain, nil},
		{"bound", a, "a"},
		{"the outermost", ops.WithContext(a, tagged("b")), "b"},
		{"by a method", ownContext{a, tagged("c")}, "c"},
		{"by a method, none", ownContext{a, nil}, "a"},
		{"through all layers", ops.WithAllocator(ops.WithTimeout(ops.WithCancelSlot(ops.WithExecutor(a, ops.NewStrand(new(loop))), new(ops.CancelSlot)), time.Hour), allocator.Heap[byte]{}), "a"},
	} {
		ctx := ops.ContextOf(test.h)
		if got := ctx.Value(tag{}); got != test.want || test.want == nil && ctx != context.Background() {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	mustPanic(t, "nil Handler", func() { ops.WithContext(nil, context.Background()) })
	mustPanic(t, "nil Context", func() { ops.WithContext(plain, nil) })
}

// TestContextIsNoHindrance binds a context around and inside what an operation looks for.
func TestContextIsNoHindrance(t *testing.T) {
	var j journal
	a := &recorder{name: "a", journal: &j}
	for _, h := range []ops.Handler{
		ops.WithContext(ops.WithAllocator(j.handler(), a), tagged("x")),
		ops.WithAllocator(ops.WithContext(j.handler(), tagged("x")), a),
	} {
		ops.Begin(h, nil).Complete()
		j.check(t, "a allocates 1", "a releases", "handler 0 <nil>")
	}
}

// TestContextDoesNotCancel states what WithContext is not.
func TestContextDoesNotCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	op := ops.Begin(ops.WithContext(ops.HandlerFunc(func(int, error) {}), ctx), nil)
	if !op.Arm(told(nil)) {
		t.Error("an operation was cancelled")
	}
	op.Complete()
}

// TestContextNoAllocations begins and ends operations with a bound context, and asks for
// it.
func TestContextNoAllocations(t *testing.T) {
	h := ops.WithContext(ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), new(combinators.SingleSlot[ops.Operation])), tagged("x"))
	if n := testing.AllocsPerRun(100, func() {
		ops.Begin(h, nil).Complete()
		if ops.ContextOf(h) == nil {
			t.Error("no context")
		}
	}); n != 0 {
		t.Errorf("%v allocations for an operation", n)
	}
}
