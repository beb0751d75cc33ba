package combinators_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// Small buffers are kept for reuse, large ones are left to the collector.
func ExampleSegregator() {
	buffers := combinators.NewSegregator(
		combinators.NewRecycling(allocator.Heap[byte]{}, 1<<20),
		allocator.Heap[byte]{},
		64<<10)
	first, _ := buffers.Allocate(4096)
	buffers.Deallocate(first)
	second, _ := buffers.Allocate(4096)
	fmt.Println("the same buffer:", &first[0] == &second[0])
	fmt.Println(buffers)
	// Output:
	// the same buffer: true
	// Segregator(Recycling(Heap[uint8], 1048576), Heap[uint8], 65536)
}

// A segregator that takes another route for the release than for the request
// gives a block to the parent that did not give it.
func TestSegregatorReleasesAsItAllocates(t *testing.T) {
	for _, threshold := range []int{0, 1, 5, 9} {
		small, large := newSource[int](t), newSource[int](t)
		a := combinators.NewSegregator(small, large, threshold)
		var blocks [][]int
		var wantSmall, wantLarge []int
		for n := 1; n < 9; n++ {
			blocks = append(blocks, take(t, a, n))
			if n <= threshold {
				wantSmall = append(wantSmall, n)
			} else {
				wantLarge = append(wantLarge, n)
			}
		}
		for _, s := range blocks {
			a.Deallocate(s[:1]) // the length does not matter
		}
		for _, c := range []struct {
			name      string
			want, got []int
		}{
			{"asked of small", wantSmall, small.asked}, {"released to small", wantSmall, small.freed},
			{"asked of large", wantLarge, large.asked}, {"released to large", wantLarge, large.freed},
		} {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("threshold %d: %s (-want +got):\n%s", threshold, c.name, diff)
			}
		}
	}
}

func TestSegregatorResizesOnOneSide(t *testing.T) {
	a := combinators.NewSegregator(newCapableSource[int](t), newCapableSource[int](t), 5)
	s := take(t, a, 9)
	if _, ok := a.Resize(s, 5); ok {
		t.Error("a block of 9 was resized to 5, which the other parent would get back")
	}
	s, ok := a.Resize(s, 6)
	if !ok || len(s) != 6 {
		t.Error("a block of 9 was not resized to 6")
	}
	a.Deallocate(s)
}

// What is too large for the small parent comes from above once a block of the
// large one is kept there.
func TestSegregatorUnderABlockThatKeepsLargerOnes(t *testing.T) {
	small := combinators.NewSlab(heap[int](), 4)
	a := combinators.NewSingleSlot(combinators.NewSegregator(small, heap[int](), 9))
	if _, err := a.Allocate(6); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(6): error %v, want that of the small parent, ErrTooLarge", err)
	}
	a.Deallocate(take(t, a, 10))
	a.Deallocate(take(t, a, 6))
}

func TestSegregatorCapabilities(t *testing.T) {
	able, unable := newCapableSource[int](t), newSource[int](t)
	for _, a := range []*combinators.Segregator[int]{
		combinators.NewSegregator(able, unable, 5), combinators.NewSegregator(unable, able, 5),
	} {
		if a.Capable(allocator.CanOwn) || a.Capable(allocator.CanReset) {
			t.Errorf("%v: claims what one parent cannot", a)
		}
	}
	a := combinators.NewSegregator(able, newCapableSource[int](t), 5)
	if !a.Owns(take(t, a, 1)) || !a.Owns(take(t, a, 6)) || a.Owns(make([]int, 1)) || a.Owns(make([]int, 6)) {
		t.Error("over parents that can tell, Owns is to be true for their blocks alone")
	}
	// Nine values of a block of ten are on the other side of the threshold.
	small, large := newCapableSource[int](t), newCapableSource[int](t)
	kept := combinators.NewRecycling(combinators.NewSegregator(small, large, 9), 64)
	if !kept.Owns(take(t, kept, 9)) {
		t.Error("a part of a block is not owned, because a block of its size would be elsewhere")
	}
	if a.GoodSize(1) != 2 || a.GoodSize(6) != 6 {
		t.Errorf("GoodSize of 1 and 6 is %d and %d, want 2 and 6", a.GoodSize(1), a.GoodSize(6))
	}
}

// A block has the room that GoodSize says, also if small rounds the request up to the
// threshold or beyond it. It goes back where it came from, and is resized up to the
// threshold.
func TestSegregatorGoodSize(t *testing.T) {
	multiples := func(of int) allocator.Allocator[int] {
		return combinators.NewQuantizer(newSource[int](t), func(n int) int { return (n + of - 1) / of * of })
	}
	for _, c := range []struct {
		small, large, threshold int
		want                    []int
	}{
		{4, 10, 4, []int{1, 4, 4, 4, 10, 10, 10, 10, 10, 10, 20}},
		{4, 10, 5, []int{1, 4, 4, 4, 10, 10, 10, 10, 10, 10, 20}},
		{4, 10, 3, []int{1, 10, 10, 10, 10, 10, 10, 10, 10, 10, 20}},
		{4, 1, 5, []int{1, 4, 4, 4, 6, 6, 7, 8}},
		{4, 1, 6, []int{1, 4, 4, 4, 7, 7, 7, 8}},
	} {
		a := combinators.NewSegregator(multiples(c.small), multiples(c.large), c.threshold)
		var got, good []int
		for n := 1; n <= len(c.want); n++ {
			s := take(t, a, n)
			got = append(got, cap(s))
			good = append(good, a.GoodSize(n))
			a.Deallocate(s)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v: capacities for 1, 2, 3 and so on (-want +got):\n%s", c, diff)
		}
		if diff := cmp.Diff(c.want[1:], good[1:]); diff != "" { // one value is not rounded
			t.Errorf("%+v: GoodSize of 2, 3 and so on (-want +got):\n%s", c, diff)
		}
	}
	a := combinators.NewSegregator(multiples(4), multiples(10), 4)
	s, ok := a.Resize(take(t, a, 3), 4)
	if !ok || len(s) != 4 {
		t.Error("a block with room for 4 was not resized to 4")
	}
}

func TestSegregatorNegativeThreshold(t *testing.T) {
	wantPanic(t, "combinators: NewSegregator: the threshold is negative: -1", func() {
		combinators.NewSegregator(heap[int](), heap[int](), -1)
	})
}

func BenchmarkSegregator(b *testing.B) {
	slot := new(combinators.SingleSlot[element])
	benchmarkPair(b, "small", combinators.NewSegregator(slot, heap[element](), 1))
	benchmarkPair(b, "alone", slot)
}

// keeper keeps what was released, to hand it out for anything that fits.
type keeper struct {
	allocator.Heap[int]
	kept []int
}

func (k *keeper) Allocate(n int) ([]int, error) {
	if n <= cap(k.kept) {
		s := k.kept[:n]
		k.kept = nil
		return s, nil
	}
	return k.Heap.Allocate(n)
}

func (k *keeper) Deallocate(s []int) { k.kept = s[:cap(s)] }
func (k *keeper) Trim()              { k.kept = nil }

// A block that is too large for its side keeps no smaller one from being made.
func TestSegregatorAfterALargerBlock(t *testing.T) {
	keeper := &keeper{kept: make([]int, 12)}
	small := combinators.NewStats[int](keeper)
	a := combinators.NewSegregator(small, combinators.NewLimit(allocator.Heap[int]{}, 10), 9)
	large := take(t, a, 10) // and the limit is reached
	for _, n := range []int{2, 9} {
		s := take(t, a, n)
		if cap(s) > 9 {
			t.Errorf("a block of %d, which is larger than the threshold", cap(s))
		}
		a.Deallocate(s)
		keeper.kept = make([]int, 12)
	}
	a.Deallocate(large)
	if n := small.Counts().Live; n != 0 {
		t.Errorf("%d values of the small parent were not released", n)
	}
}

// If neither side has a block that fits, the error is that of the larger side, and what was
// tried is released.
func TestSegregatorHasNoBlockThatFits(t *testing.T) {
	small := newSource[int](t)
	small.extra = 4 // twice what was asked for
	a := combinators.NewSegregator(small, combinators.NewLimit(heap[int](), 5), 9)
	if s, err := a.Allocate(5); s != nil || !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(5) has %d values, error %v; want ErrTooLarge", len(s), err)
	}
	if small.count != 0 {
		t.Errorf("%d values of the small parent were not released", small.count)
	}
}
