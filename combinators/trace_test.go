package combinators_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/trace"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// The log shows what the cache misses, and nothing of what it serves.
func ExampleTrace() {
	misses := combinators.NewTrace(combinators.NewLimit(allocator.Heap[byte]{}, 1000), "misses")
	misses.Logger = slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	buffers := combinators.NewRecycling(misses, 800)
	for range 10 {
		b, _ := buffers.Allocate(500)
		buffers.Deallocate(b)
	}
	buffers.Allocate(2000)
	fmt.Println(buffers)
	// Output:
	// level=INFO msg="misses: Allocate" values=512
	// level=WARN msg="misses: Allocate" values=2000 error="allocator: size too large"
	// Recycling(Trace(Limit(Heap[uint8], 1000), "misses"), 800)
}

func TestTraceRegions(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("this test is traced itself")
	}
	parent := newCapableSource[int](t)
	parent.limit = 10
	a := combinators.NewTrace(parent, "memory of the test")
	var recorded bytes.Buffer
	if err := trace.Start(&recorded); err != nil {
		t.Fatal(err)
	}
	s := take(t, a, 5)
	s, _ = a.Resize(s, 3)
	a.Deallocate(s)
	if _, err := a.Allocate(7777); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("error %v, want that of the parent", err)
	}
	trace.Stop()
	take(t, a, 4)
	for _, want := range []string{
		"memory of the test: Allocate", "memory of the test: Deallocate",
		"memory of the test", "Resize: 5 to 3 values", "7777 values: allocator: size too large",
	} {
		if !strings.Contains(recorded.String(), want) {
			t.Errorf("the trace does not have %q", want)
		}
	}
}

func TestTraceLog(t *testing.T) {
	parent := newCapableSource[int](t)
	parent.limit = 10
	a := combinators.NewTrace(parent, "x")
	use := func() {
		s := take(t, a, 5)
		s, _ = a.Resize(s, 3)
		a.Resize(s, 100)
		a.Deallocate(s)
		a.Allocate(11)
	}
	for _, c := range []struct {
		level   slog.Level
		handler slog.Level
		lines   int
	}{
		{slog.LevelDebug, slog.LevelDebug, 4},
		{slog.LevelDebug, slog.LevelInfo, 1}, // the failure
		{slog.LevelDebug, slog.LevelWarn, 0},
		{slog.LevelInfo, slog.LevelWarn, 1}, // the failure
		{slog.LevelInfo, slog.LevelError, 0},
	} {
		var log strings.Builder
		a.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: c.handler}))
		a.Level = c.level
		use()
		if lines := strings.Count(log.String(), "\n"); lines != c.lines {
			t.Errorf("at %v to a handler of %v: %d records, want %d:\n%s", c.level, c.handler, lines, c.lines, &log)
		}
	}
}

func TestTraceOffAllocatesNothing(t *testing.T) {
	a := combinators.NewTrace(new(combinators.SingleSlot[element]), "x")
	a.Logger = slog.New(slog.DiscardHandler)
	if allocs := testing.AllocsPerRun(100, func() { a.Deallocate(take(t, a, 1)) }); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

func BenchmarkTrace(b *testing.B) {
	slot := new(combinators.SingleSlot[element])
	off := combinators.NewTrace(slot, "x")
	benchmarkPair(b, "off", off)
	disabled := combinators.NewTrace(slot, "x")
	disabled.Logger = slog.New(slog.DiscardHandler)
	benchmarkPair(b, "logger off", disabled)
	benchmarkPair(b, "untraced", slot)
}
