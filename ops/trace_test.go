package ops_test

import (
	"bytes"
	"errors"
	"io"
	"runtime/trace"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// TestTrace finds in an execution trace what a handler is called, and the error that it was
// called with. (What else is there, and in which order, the tests of examples/tracechain
// read.)
func TestTrace(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("this test is traced itself")
	}
	var recorded bytes.Buffer
	if err := trace.Start(&recorded); err != nil {
		t.Fatal(err)
	}
	called := 0
	h := ops.WithTrace(ops.HandlerFunc(func(int, error) { called++ }), "handler of the test")
	h.Complete(0, errors.New("refused in the test"))
	trace.Stop()
	h.Complete(0, errors.New("refused later"))
	if called != 2 {
		t.Errorf("called %d times", called)
	}
	for text, want := range map[string]bool{"handler of the test": true, "refused in the test": true, "refused later": false} {
		if strings.Contains(recorded.String(), text) != want {
			t.Errorf("%q is in the trace: %v", text, !want)
		}
	}
}

// TestTraceIsNoHindrance finds what is associated with the handler inside, has it called
// with the results, and allocates nothing.
func TestTraceIsNoHindrance(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("this test is traced itself")
	}
	var got []int
	got = make([]int, 0, 10000)
	memory := new(combinators.SingleSlot[ops.Operation])
	h := ops.WithTrace(ops.WithAllocator(ops.HandlerFunc(func(n int, err error) {
		if err != io.EOF {
			t.Errorf("called with %v", err)
		}
		got = append(got, n)
	}), memory), "x")
	if ops.AllocatorOf[ops.Operation](h, nil) != memory {
		t.Error("its allocator is not found")
	}
	allocs := testing.AllocsPerRun(100, func() {
		o := ops.Begin(h, nil)
		o.N, o.Err = 7, io.EOF
		o.Complete()
	})
	if allocs != 0 {
		t.Errorf("%v allocations an operation", allocs)
	}
	if len(got) != 101 || got[0] != 7 {
		t.Errorf("called %d times, first with %d", len(got), got[0])
	}
	mustPanic(t, "nil Handler", func() { ops.WithTrace(nil, "x") })
}
