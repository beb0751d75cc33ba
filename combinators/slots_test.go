package combinators_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleSlots() {
	type operation struct {
		Buffer []byte
		Offset int64
	}
	type session struct {
		slots combinators.Slots[operation] // for a receive, a send and a timer at once
	}
	var s session

	receive, _ := s.slots.Allocate(1)
	send, _ := s.slots.Allocate(1)
	s.slots.Deallocate(receive)
	next, _ := s.slots.Allocate(1)
	fmt.Println("the same block:", &next[0] == &receive[0])
	s.slots.Deallocate(send)
	s.slots.Deallocate(next)
	fmt.Println(&s.slots)
	// Output:
	// the same block: true
	// Slots(Heap[combinators_test.operation], 4)
}

func TestSlotsReuseTheirBlocks(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSlots(parent, 3)
	var first [3][]int
	for round := range 5 {
		var blocks [3][]int
		for i := range blocks {
			blocks[i] = take(t, a, 4)
		}
		if round == 0 {
			first = blocks
		}
		for i, s := range blocks {
			if !same(s, first[i]) {
				t.Errorf("in round %d, block %d is not the first one that is free", round, i)
			}
			a.Deallocate(s[:0]) // the length does not matter
		}
	}
	if diff := cmp.Diff([]int{4, 4, 4}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

// Whatever the order of a program's requests, each slot grows a bounded number
// of times.
func TestSlotsGrowToWhatIsNeeded(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSlots(parent, 2)
	for range 10 {
		large, small := take(t, a, 9), take(t, a, 1)
		a.Deallocate(large)
		a.Deallocate(small)
		small, large = take(t, a, 1), take(t, a, 9)
		a.Deallocate(small)
		a.Deallocate(large)
	}
	if diff := cmp.Diff([]int{9, 1, 9}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
}

func TestSlotsReplaceTheSmallest(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSlots(parent, 3)
	blocks := [][]int{take(t, a, 5), take(t, a, 2), take(t, a, 3)}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	a.Deallocate(take(t, a, 6))
	if diff := cmp.Diff([]int{2}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
}

func TestSlotsPassOnWhileBusy(t *testing.T) {
	for _, count := range []int{0, 2} {
		parent := newSource[int](t)
		a := combinators.NewSlots(parent, count)
		for range count {
			take(t, a, 4)
		}
		for _, n := range []int{1, 4, 9} {
			a.Deallocate(take(t, a, n))
		}
		if diff := cmp.Diff([]int{1, 4, 9}, parent.freed); diff != "" {
			t.Errorf("%v: given back to the parent (-want +got):\n%s", a, diff)
		}
	}
}

func TestSlotsGiveUpTheirBlocksBeforeTheyFail(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 10
	a := combinators.NewSlots(parent, 4)
	s, r, kept := take(t, a, 3), take(t, a, 3), take(t, a, 2)
	a.Deallocate(s)
	a.Deallocate(r)
	if _, err := a.Allocate(11); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(11) of 10: error %v, want ErrTooLarge", err)
	}
	if parent.count != 8 {
		t.Error("blocks were given up for a request that can never be served")
	}
	if _, err := a.Allocate(9); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("Allocate(9) with 8 left: error %v, want ErrExhausted", err)
	}
	a.Deallocate(take(t, a, 8))
	a.Deallocate(kept)
}

// Slots that have nothing to give back do not ask their parent again.
func TestSlotsAskOnceWhileTheirBlocksAreOut(t *testing.T) {
	for _, over := range []func(parent allocator.Allocator[int]) allocator.Allocator[int]{
		func(parent allocator.Allocator[int]) allocator.Allocator[int] {
			return combinators.NewSingleSlot(parent)
		},
		func(parent allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewSlots(parent, 2) },
	} {
		parent := newSource[int](t)
		parent.limit = 4
		a := over(parent)
		s := take(t, a, 4)
		if _, err := a.Allocate(2); !errors.Is(err, allocator.ErrExhausted) {
			t.Errorf("%v: error is %v, want %v", a, err, allocator.ErrExhausted)
		}
		if diff := cmp.Diff([]int{4, 2}, parent.asked); diff != "" {
			t.Errorf("%v: asked of the parent (-want +got):\n%s", a, diff)
		}
		a.Deallocate(s)
	}
}

func TestSlotsMisuse(t *testing.T) {
	const capacity = "released with another capacity than it was handed out with"
	for _, c := range []struct {
		name    string
		release func(a *combinators.Slots[int], s []int)
		problem string
	}{
		{"twice", func(a *combinators.Slots[int], s []int) { a.Deallocate(s); a.Deallocate(s) }, "released twice"},
		{"part", func(a *combinators.Slots[int], s []int) { a.Deallocate(s[:2:2]) }, capacity},
		{"one of three", func(a *combinators.Slots[int], s []int) { a.Deallocate(s[:1:1]) }, capacity},
		{"two where one is out", func(a *combinators.Slots[int], s []int) {
			a.Deallocate(s)
			take(t, a, 1) // in the other block
			take(t, a, 1)
			a.Deallocate(s[:2:2])
		}, capacity},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a combinators.Slots[int]
			take(t, &a, 1)
			e := misuse(func() { c.release(&a, take(t, &a, 3)) })
			if e == nil || !strings.HasPrefix(e.Problem, c.problem) || e.Allocator != a.String() {
				t.Errorf("panic is %v, want one that says %q", e, c.problem)
			}
		})
	}
}

func TestSlotsOwn(t *testing.T) {
	a := combinators.NewSlots(newSource[int](t), 1)
	kept, other := take(t, a, 2), take(t, a, 2)
	if !a.Owns(kept) || a.Owns(other) || a.Owns(nil) || a.Owns(kept[:0:0]) {
		t.Error("over a parent that cannot tell, Owns is to be true for the kept block alone")
	}
}

func TestSlotsZeroValue(t *testing.T) {
	var a combinators.Slots[int]
	if got := a.String(); got != "Slots(Heap[int], 4)" {
		t.Errorf("prints as %s", got)
	}
	a.Deallocate(take(t, &a, 0))
	a.Trim()
	var blocks [4][]int
	for i := range blocks {
		blocks[i] = take(t, &a, 1)
	}
	for i := range blocks {
		a.Deallocate(blocks[i])
		if !same(take(t, &a, 1), blocks[i]) {
			t.Errorf("block %d was not kept", i)
		}
	}
	if got := a.String(); got != "Slots(Heap[int], 4)" {
		t.Errorf("prints as %s", got)
	}
}

func BenchmarkSlots(b *testing.B) {
	benchmarkPair(b, "interface", new(combinators.Slots[element]))
	busy := combinators.NewSlots(allocator.Heap[element]{}, 4)
	for range 3 {
		if _, err := busy.Allocate(1); err != nil {
			b.Fatal(err)
		}
	}
	benchmarkPair(b, "interface/busy=3", busy)
	benchmarkBuffer(b, "buffer=4096", new(combinators.Slots[byte]), 4096)
	benchmarkPeers(b)
}
