package main

import (
	"bytes"
	"errors"
	"io"
	"runtime/trace"
	"testing"

	"github.com/google/go-cmp/cmp"
	exptrace "golang.org/x/exp/trace"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// traced returns the regions of what f does, with their tasks, and what it logs.
func traced(t *testing.T, f func()) (seen []string) {
	t.Helper()
	if trace.IsEnabled() {
		t.Skip("this test is traced itself")
	}
	var recorded bytes.Buffer
	if err := trace.Start(&recorded); err != nil {
		t.Fatal(err)
	}
	f()
	trace.Stop()
	r, err := exptrace.NewReader(&recorded)
	if err != nil {
		t.Skip(err) // golang.org/x/exp/trace does not know this version yet
	}
	tasks := make(map[exptrace.TaskID]string)
	in := func(task exptrace.TaskID) string {
		if name := tasks[task]; name != "" {
			return " of " + name
		}
		return ""
	}
	for {
		e, err := r.ReadEvent()
		if err == io.EOF {
			return seen
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e.Kind() {
		case exptrace.EventTaskBegin:
			tasks[e.Task().ID] = e.Task().Type
		case exptrace.EventRegionBegin:
			seen = append(seen, "begin "+e.Region().Type+in(e.Region().Task))
		case exptrace.EventRegionEnd:
			seen = append(seen, "end "+e.Region().Type+in(e.Region().Task))
		case exptrace.EventLog:
			seen = append(seen, e.Log().Category+": "+e.Log().Message+in(e.Log().Task))
		}
	}
}

// TestRegions reads back a chain of two operations: in a trace, too, a block is released
// before the handler is called.
func TestRegions(t *testing.T) {
	seen := traced(t, func() {
		ctx, task := trace.NewTask(t.Context(), "the test")
		defer task.End()
		memory := combinators.NewTrace(new(combinators.SingleSlot[ops.Operation]), "chain")
		last := ops.WithTrace(ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), memory), "chain: last")
		first := ops.WithTrace(ops.WithContext(ops.WithAllocator(ops.HandlerFunc(func(int, error) {
			o := ops.Begin(last, nil)
			o.Err = errors.New("refused")
			o.Complete()
		}), memory), ctx), "chain: first")
		ops.Begin(first, nil).Complete()
	})
	want := []string{
		"begin chain: Allocate", "end chain: Allocate", "begin chain: Deallocate", "end chain: Deallocate",
		"begin chain: first of the test",
		"begin chain: Allocate", "end chain: Allocate", "begin chain: Deallocate", "end chain: Deallocate",
		"begin chain: last", "chain: last: refused", "end chain: last",
		"end chain: first of the test",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("the trace has (-want +got):\n%s", diff)
	}
}

// TestPanic ends a region although the handler panics.
func TestPanic(t *testing.T) {
	seen := traced(t, func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		ops.WithTrace(ops.HandlerFunc(func(int, error) { panic("out of order") }), "broken").Complete(0, nil)
	})
	if diff := cmp.Diff([]string{"begin broken", "end broken"}, seen); diff != "" {
		t.Errorf("the trace has (-want +got):\n%s", diff)
	}
}
