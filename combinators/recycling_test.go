package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleRecycling() {
	misses := combinators.NewStats(allocator.Heap[byte]{})
	buffers := combinators.NewRecycling(misses, 64<<10) // keeps 64 KiB
	for range 1000 {
		header, _ := buffers.Allocate(16)
		body, _ := buffers.Allocate(1500)
		buffers.Deallocate(body)
		buffers.Deallocate(header)
	}
	fmt.Println(buffers)
	fmt.Println("blocks that came from the heap:", misses.Counts().Total)
	fmt.Println("a request for 1500 bytes takes up", buffers.GoodSize(1500))
	// Output:
	// Recycling(Stats(Heap[uint8]), 65536)
	// blocks that came from the heap: 2
	// a request for 1500 bytes takes up 1536
}

func TestRecyclingLastReleasedFirst(t *testing.T) {
	a := combinators.NewRecycling(newSource[int](t), 64)
	var blocks [][]int
	for range 5 {
		blocks = append(blocks, take(t, a, 3))
	}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	for i := len(blocks) - 1; i >= 0; i-- {
		if s := take(t, a, 3); !same(s, blocks[i]) {
			t.Errorf("got another block than number %d, which was released last", i)
		}
	}
}

func TestRecyclingServesAClass(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewRecycling(parent, 64)
	first := take(t, a, 9)
	a.Deallocate(first)
	for _, n := range []int{10, 9} {
		s := take(t, a, n)
		if !same(s, first) {
			t.Errorf("%d values are not in the kept block of 10", n)
		}
		a.Deallocate(s)
	}
	a.Deallocate(take(t, a, 11))
	if diff := cmp.Diff([]int{10, 12}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

func TestRecyclingGoodSize(t *testing.T) {
	const limit = 1 << 20
	a := combinators.NewRecycling(newSource[byte](t), limit)
	previous := 0
	for n := 1; n <= limit; n++ {
		size := a.GoodSize(n)
		if size < n || 4*size > 5*n || size < previous || a.GoodSize(size) != size {
			t.Fatalf("GoodSize(%d) is %d after %d", n, size, previous)
		}
		previous = size
	}
	for _, n := range []int{limit + 1, math.MaxInt, 0, -1, math.MinInt} {
		if got := a.GoodSize(n); got != n {
			t.Errorf("GoodSize(%d) is %d, but there is no class for it", n, got)
		}
	}
	if got := combinators.NewRecycling(newCapableSource[byte](t), 8).GoodSize(1); got != 2 {
		t.Errorf("GoodSize(1) is %d over a parent that rounds it up to 2", got)
	}
}

func TestRecyclingBound(t *testing.T) {
	for _, limit := range []int{0, 1, 4, 9, 10, 100} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			parent := newSource[int](t)
			a := combinators.NewRecycling(parent, limit)
			var blocks [][]int
			for n := range 30 {
				blocks = append(blocks, take(t, a, n), take(t, a, 1))
			}
			for _, s := range blocks {
				a.Deallocate(s)
			}
			if parent.count > limit {
				t.Errorf("keeps %d values", parent.count)
			}
			if limit > 1 && parent.count == 0 {
				t.Error("keeps nothing")
			}
			a.Trim()
			if parent.count != 0 {
				t.Errorf("keeps %d values after Trim", parent.count)
			}
		})
	}
}

func TestRecyclingResize(t *testing.T) {
	testResizeInClass(t, combinators.NewRecycling(heap[*int](), 64))
}

// A request above the limit is not rounded up.
func TestRecyclingPassesOnLargeBlocks(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewRecycling(parent, 8)
	a.Deallocate(take(t, a, 9))
	if a.Kept() != 0 {
		t.Errorf("keeps %d values", a.Kept())
	}
	if diff := cmp.Diff([]int{9}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{9}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
}

// Over a parent that gives more than it is asked for, blocks are kept in a larger
// class than that of the request, and are found there.
func TestRecyclingOverAParentThatRounds(t *testing.T) {
	parent := newSource[int](t)
	parent.extra = 1
	a := combinators.NewRecycling(parent, 64)
	blocks := [][]int{take(t, a, 8), take(t, a, 8)}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	if a.Kept() != 20 {
		t.Errorf("keeps %d values, want the 20 of two blocks", a.Kept())
	}
	for i := len(blocks) - 1; i >= 0; i-- {
		if !same(take(t, a, 8), blocks[i]) {
			t.Errorf("block number %d was not used again", i)
		}
	}
	take(t, a, 8)
	if diff := cmp.Diff([]int{8, 8, 8}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

// A cache that is full and drops the very block that is being released loses
// it: neither does it keep it nor does the parent get it.
func TestRecyclingFullGivesTheReleasedBlockBack(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewRecycling(parent, 10)
	s, r := take(t, a, 9), take(t, a, 9)
	a.Deallocate(s)
	a.Deallocate(r)
	if diff := cmp.Diff([]int{10}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
	if !same(take(t, a, 10), s) {
		t.Error("the block that was kept is another one")
	}
}

func TestRecyclingFollowsTheWorkload(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewRecycling(parent, 12)
	blocks := [][]int{take(t, a, 3), take(t, a, 3), take(t, a, 2), take(t, a, 2)}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	s := take(t, a, 7) // evicts a block of 2 and one of 3
	a.Deallocate(s)
	if diff := cmp.Diff([]int{2, 3}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
	if !same(take(t, a, 7), s) {
		t.Error("the released block was not kept, though there was room made for it")
	}
}

// A block makes room for itself as often as a request for its size has found none.
func TestRecyclingMakesRoomForWhatWasMissed(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewRecycling(parent, 8)
	threes := func() {
		for _, s := range [][]int{take(t, a, 3), take(t, a, 3)} {
			a.Deallocate(s)
		}
	}
	threes()
	a.Deallocate(take(t, a, 6)) // the first one
	six := take(t, a, 6)        // it was kept
	threes()
	a.Deallocate(six)
	if diff := cmp.Diff([]int{3, 3, 6}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
}

// A block as large as the limit makes room for itself, too.
func TestRecyclingMakesRoomForTheLargest(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewRecycling(parent, 8)
	a.Deallocate(take(t, a, 3))
	s := take(t, a, 8)
	a.Deallocate(s)
	if a.Kept() != 8 || !same(take(t, a, 8), s) {
		t.Errorf("the block of 8 was not kept; given back to the parent: %v", parent.freed)
	}
}

// A block that is handed out again and lost is collected.
func TestRecyclingForgetsWhatIsLost(t *testing.T) {
	a := combinators.NewRecycling(heap[element](), 64)
	collected := make(chan struct{})
	func() {
		s := take(t, a, 1)
		runtime.AddCleanup(&s[0], func(c chan struct{}) { close(c) }, collected)
		a.Deallocate(s)
		take(t, a, 1)
	}()
	awaitCollected(t, collected)
	runtime.KeepAlive(a)
}

func TestRecyclingGivesUpItsBlocksBeforeItFails(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 8
	a := combinators.NewRecycling(parent, 100)
	s, r := take(t, a, 4), take(t, a, 4)
	a.Deallocate(s)
	if _, err := a.Allocate(5); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("Allocate(5) with 4 left: error %v, want ErrExhausted", err)
	}
	a.Deallocate(r)
	if _, err := a.Allocate(9); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(9) of 8: error %v, want ErrTooLarge", err)
	}
	a.Deallocate(take(t, a, 8))
}

func TestRecyclingResetMakesRoom(t *testing.T) {
	a := combinators.NewRecycling(newCapableSource[int](t), 3)
	a.Deallocate(take(t, a, 3))
	a.Reset()
	s := take(t, a, 3)
	a.Deallocate(s)
	if !same(take(t, a, 3), s) {
		t.Error("keeps nothing after Reset")
	}
}

func TestRecyclingMisuse(t *testing.T) {
	for name, limit := range map[string]int{"room": 8, "full": 3} {
		t.Run(name, func(t *testing.T) {
			a := combinators.NewRecycling(allocator.Heap[int]{}, limit)
			s := take(t, a, 3)
			a.Deallocate(s)
			e := misuse(func() { a.Deallocate(s) })
			if e == nil || e.Problem != "released twice" || e.Allocator != a.String() {
				t.Errorf("panic is %v, want one that says released twice", e)
			}
		})
	}
}

// It may keep as little as one value.
func TestRecyclingKeepsOneValue(t *testing.T) {
	a := combinators.NewRecycling(newSource[int](t), 1)
	s := take(t, a, 1)
	a.Deallocate(s)
	if !same(take(t, a, 1), s) {
		t.Error("the only value that can be kept was not")
	}
}

func TestRecyclingNegativeLimit(t *testing.T) {
	defer func() {
		if r := recover(); r != "combinators: NewRecycling: the limit is negative: -1" {
			t.Errorf("panic is %v", r)
		}
	}()
	combinators.NewRecycling(allocator.Heap[int]{}, -1)
}

func BenchmarkRecycling(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewRecycling(allocator.Heap[element]{}, 64))
	benchmarkBuffer(b, "buffer=1500", combinators.NewRecycling(allocator.Heap[byte]{}, 1<<20), 1500)
	benchmarkPeers(b)
}
