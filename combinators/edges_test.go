package combinators_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// The tests in this file are for lines that the others leave in doubt: mutants of
// them survived.

// A request for nothing is served by whoever keeps storage, and its parent is not
// asked. Nor is it for a size that no block can have.
func TestNothingIsAskedForNothing(t *testing.T) {
	type parent = allocator.Allocator[int]
	for name, build := range map[string]func(p parent) parent{
		"SingleSlot": func(p parent) parent { return combinators.NewSingleSlot(p) },
		"Slots":      func(p parent) parent { return combinators.NewSlots(p, 2) },
		"Recycling":  func(p parent) parent { return combinators.NewRecycling(p, 100) },
		"Pool":       func(p parent) parent { return combinators.NewPool(p) },
		"Sharded":    func(p parent) parent { return combinators.NewSharded(p, 100) },
		"Slab":       func(p parent) parent { return combinators.NewSlab(p, 100) },
		"Region":     func(p parent) parent { return combinators.NewRegion(p, 100) },
		"Arena":      func(p parent) parent { return combinators.NewArena(p, 100) },
		"Buddy":      func(p parent) parent { return combinators.NewBuddy(p, 100, 1) },
		"Buckets":    func(p parent) parent { return combinators.NewBuckets(1, 8, 1, func(int) parent { return p }) },
	} {
		judge := newSource[int](t)
		a := build(judge)
		s, err := a.Allocate(0)
		if len(s) != 0 || cap(s) != 0 || err != nil {
			t.Errorf("%s: Allocate(0) has len %d, cap %d and error %v", name, len(s), cap(s), err)
		}
		a.Deallocate(s)
		a.Deallocate(nil)
		for _, n := range []int{-1, math.MaxInt} {
			if _, err := a.Allocate(n); err == nil {
				t.Errorf("%s: no error of Allocate(%d)", name, n)
			}
		}
		if len(judge.asked) != 0 || len(judge.freed) != 0 {
			t.Errorf("%s: the parent was asked for %v and got back %v", name, judge.asked, judge.freed)
		}
	}
}

func TestSlotsAskAgainAfterTheyGaveBack(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 10
	a := combinators.NewSlots(parent, 2)
	a.Deallocate(take(t, a, 6))
	a.Deallocate(take(t, a, 10))
	if diff := cmp.Diff([]int{6, 10, 10}, parent.asked); diff != "" {
		t.Errorf("asked of the parent (-want +got):\n%s", diff)
	}
}

func TestQuantizerRoundsLargeSizes(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewQuantizer(parent, func(n int) int { return (n + 99) / 100 * 100 })
	want := map[int]int{1: 1, 2: 100, 63: 100, 64: 100, 65: 100, 99: 100, 100: 100, 101: 200, 0: 0, -1: -1, math.MaxInt: math.MaxInt}
	for n, size := range want {
		if got := a.GoodSize(n); got != size {
			t.Errorf("GoodSize(%d) is %d, want %d", n, got, size)
		}
		if n > 0 && n < 1000 {
			s := take(t, a, n)
			if cap(s) != size || parent.asked[len(parent.asked)-1] != size {
				t.Errorf("Allocate(%d) has cap %d, of %d that the parent was asked for; want %d", n, cap(s), parent.asked[len(parent.asked)-1], size)
			}
			a.Deallocate(s)
		}
	}
}

func TestBuddyRefusesWhatIsLargerThanItself(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 20, 1)
	s := take(t, a, 16)
	for _, n := range []int{17, 20} {
		if misuse(func() { a.Deallocate(unsafe.Slice(&s[0], n)) }) == nil {
			t.Errorf("a block of 16 was released as one of %d", n)
		}
	}
	a.Deallocate(s)
}

func TestStoresResizeToOneValue(t *testing.T) {
	for _, l := range stores[int]() {
		a := l.build(newCapableSource[int](t))
		r, ok := a.(allocator.Resizer[int])
		if !ok {
			continue
		}
		t.Run(allocator.Describe(a), func(t *testing.T) {
			if s, ok := r.Resize(make([]int, 4), 2); ok {
				t.Errorf("a foreign block is %d long now", len(s))
			}
			first := take(t, a, 4)
			if s, ok := r.Resize(make([]int, 4), 2); ok {
				t.Errorf("a foreign block is %d long now", len(s))
			}
			if first, ok = r.Resize(first, 3); !ok || len(first) != 3 {
				t.Fatalf("4 values to 3: %d, %v", len(first), ok)
			}
			if s, ok := r.Resize(first, 1); ok { // a Buddy cannot
				if len(s) != 1 || !same(s, first) {
					t.Errorf("3 values to 1: %d", len(s))
				}
				first = s
			}
			a.Deallocate(first)
		})
	}
}

func TestCheckedSampleOfOne(t *testing.T) {
	a := combinators.NewChecked(heap[int]())
	a.Sample = 1
	for range 3 {
		take(t, a, 2)
	}
	foreign := make([]int, 2)
	if misuse(func() { a.Deallocate(foreign) }) == nil {
		t.Error("a foreign block was released, and every request is checked")
	}
	leaks, ok := a.Close().(interface{ Unwrap() []error })
	if !ok || len(leaks.Unwrap()) != 3 {
		t.Errorf("Close tells %v, want three leaks", leaks)
	}
	if err := a.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

// Which allocator a foreign block is of is found among all that there are.
func TestCheckedFindsTheOwner(t *testing.T) {
	var all []*combinators.Checked[int]
	for range 40 {
		all = append(all, combinators.NewChecked[int](combinators.NewSlots(heap[int](), len(all))))
	}
	for i, owner := range all {
		s := take(t, owner, 2)
		e := misuse(func() { all[(i+1)%len(all)].Deallocate(s) })
		if e == nil || !strings.HasPrefix(e.Problem, "released by the wrong allocator; it is of "+owner.String()+"\n") {
			t.Errorf("panic is %v, want one that names %v", e, owner)
		}
		owner.Deallocate(s)
	}
}

// A block has no more room than GoodSize says, over a parent of which that is true. So
// who reckons with GoodSize, as a Budgeted does, reckons right. A SingleSlot and Slots
// are not here: they may give the larger block that they keep.
func TestBlocksHaveTheirGoodSize(t *testing.T) {
	type parent = allocator.Allocator[byte]
	parents := map[string]func() parent{
		"Heap":  func() parent { return heap[byte]() },
		"Pages": func() parent { return &allocator.Pages[byte]{} },
		"Buddy": func() parent { return combinators.NewBuddy(heap[byte](), 1<<20, 1) },
		"Quantizer": func() parent {
			return combinators.NewQuantizer(heap[byte](), func(n int) int { return (n + 99) / 100 * 100 })
		},
	}
	blocks := map[string]func(parent) parent{
		"Aligned/64":   func(p parent) parent { return combinators.NewAligned(p, 64) },
		"Aligned/8192": func(p parent) parent { return combinators.NewAligned(p, 8192) },
		"Buckets":      func(p parent) parent { return combinators.NewBuckets(64, 4096, 64, func(int) parent { return p }) },
		"Budgeted":     func(p parent) parent { return combinators.NewBudgeted(p, combinators.NewBudget(1<<20)) },
		"Checked":      func(p parent) parent { return combinators.NewChecked(p) },
		"Guarded":      func(p parent) parent { return combinators.NewGuarded(p, 8) },
		"Limit":        func(p parent) parent { return combinators.NewLimit(p, 1<<20) },
		"Pool":         func(p parent) parent { return combinators.NewPool(p) },
		"Profiled":     func(p parent) parent { return combinators.NewProfiled(p) },
		"Recycling":    func(p parent) parent { return combinators.NewRecycling(p, 1<<16) },
		"Segregator":   func(p parent) parent { return combinators.NewSegregator(p, p, 1000) },
		"Sharded":      func(p parent) parent { return combinators.NewSharded(p, 1<<16) },
		"Stats":        func(p parent) parent { return combinators.NewStats(p) },
		"ThreadSafe":   func(p parent) parent { return combinators.NewThreadSafe(p) },
		"Trace":        func(p parent) parent { return combinators.NewTrace(p, "trace") },
	}
	for over, source := range parents {
		for name, build := range blocks {
			a := build(source())
			for _, n := range []int{1, 2, 3, 63, 64, 65, 99, 100, 101, 511, 512, 513, 999, 1000, 1001, 4032, 4095, 4096, 4097, 5000} {
				good := n
				if g, ok := a.(allocator.Sizer); ok {
					good = max(n, g.GoodSize(n))
				}
				for range 2 { // the second time it may come from what is kept
					s, err := a.Allocate(n)
					if err != nil {
						if !errors.Is(err, allocator.ErrExhausted) && !errors.Is(err, allocator.ErrTooLarge) {
							t.Errorf("%s over %s: Allocate(%d): %v", name, over, n, err)
						}
						continue
					}
					if n > 1 && cap(s) > good {
						t.Errorf("%s over %s: a block for %d has room for %d, and GoodSize is %d", name, over, n, cap(s), good)
					}
					a.Deallocate(s)
				}
			}
		}
	}
}
