package proptest

import (
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

func shared[T any](parent allocator.Allocator[T]) allocator.Allocator[T] {
	return combinators.NewThreadSafe(combinators.NewRecycling(parent, 64))
}

func TestConformThreadSafe(t *testing.T) {
	Conform(t, shared[Pointerful], Claims{ThreadSafe: true, SteadyState: true})
	Conform(t, shared[uint64], Claims{ThreadSafe: true, SteadyState: true})
}

func TestProperties(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Properties() {
		if p.Name() == "unknown" || p.Says() == "" || seen[p.Name()] {
			t.Errorf("%v says %q", p, p.Says())
		}
		seen[p.Name()] = true
		if !strings.HasPrefix(p.String(), "P") || !strings.HasSuffix(p.String(), " "+p.Name()) {
			t.Errorf("prints as %q", p)
		}
	}
	for _, p := range []Property{0, Property(len(properties)), 200} {
		if p.Name() != "unknown" || p.Says() != "" {
			t.Errorf("property %d is %q and says %q", uint8(p), p.Name(), p.Says())
		}
	}
}

// An allocator that uses memory which the system has back is reported like any other.
func TestFaultIsReported(t *testing.T) {
	pages, err := allocator.NewPages[byte]()
	if err != nil {
		t.Skip(err)
	}
	s, err := pages.Allocate(1)
	if err != nil {
		t.Fatal(err)
	}
	pages.Deallocate(s)
	failureOf(func() {
		if got := try(func() { s[0] = 1 }); got != "touches memory that is not there" {
			t.Errorf("reported %q", got)
		}
	})
}

// The first test of a new allocator fails, and its message has to be enough to
// find the fault: the smallest composition and the shortest program.
func TestFailureIsSmall(t *testing.T) {
	testflag.Set(t, "rapid.seed", "1") // which of the properties that it breaks shows first is chance
	_, _, text := caught(t, ConformCheck(func(p allocator.Allocator[uint64]) allocator.Allocator[uint64] {
		return &bump[uint64]{parent: p, capacity: 16, resetFrees: true}
	}, Claims{Capacity: 16, UntilReset: true}), "1m") // a busy machine is no reason to fail
	for _, want := range []string{
		withinParent.String() + ": ",
		"on *proptest.bump[uint64], with *proptest.bump[uint64] over leaf1:\n",
		"\ta.Reset()\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("does not show %q:\n%s", want, text)
		}
	}
	if lines := strings.Count(text, "\n\t"); lines > 6 {
		t.Errorf("the program has %d lines:\n%s", lines, text)
	}
}
