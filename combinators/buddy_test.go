package combinators_test

import (
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleBuddy() {
	buffers := combinators.NewBuddy(allocator.Heap[byte]{}, 1<<20, 64)
	page, _ := buffers.Allocate(4096)
	line, _ := buffers.Allocate(80)
	fmt.Println("80 bytes take", buffers.GoodSize(80))
	buffers.Deallocate(page)
	buffers.Deallocate(line)
	all, err := buffers.Allocate(1 << 20) // in one piece again
	fmt.Println(len(all), err)
	// Output:
	// 80 bytes take 128
	// 1048576 <nil>
}

func TestBuddySizes(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 100, 4)
	for n, want := range map[int]int{0: 0, -1: -1, 1: 4, 4: 4, 5: 8, 8: 8, 33: 64, 64: 64, 65: 65, 100: 100, 101: 101} {
		if got := a.GoodSize(n); got != want {
			t.Errorf("GoodSize(%d) is %d, want %d", n, got, want)
		}
	}
	// 100 = 64 + 32 + 4
	blocks := [][]int{take(t, a, 64), take(t, a, 20), take(t, a, 1)}
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("error %v, want ErrExhausted", err)
	}
	if _, err := a.Allocate(65); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(65), with 64 as the largest part: error %v, want ErrTooLarge", err)
	}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	for range 25 {
		take(t, a, 4)
	}
	if _, err := combinators.NewBuddy(heap[int](), 3, 4).Allocate(1); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("a capacity below the smallest block: error %v, want ErrTooLarge", err)
	}
	parent := newSource[int](t)
	if _, err := combinators.NewBuddy(parent, 6, 1).Allocate(5); !errors.Is(err, allocator.ErrTooLarge) || parent.count != 0 {
		t.Errorf("a request that can never be served: error %v, and %d values were taken for it", err, parent.count)
	}
}

func TestBuddyJoinsHalves(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 16, 1)
	var blocks [][]int
	for range 16 {
		blocks = append(blocks, take(t, a, 1))
	}
	for _, i := range []int{5, 0, 15, 7, 2, 4, 1} {
		a.Deallocate(blocks[i])
	}
	if _, err := a.Allocate(4); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("4 in a row with two pairs free: error %v, want ErrExhausted", err)
	}
	if s := take(t, a, 2); !same(s, blocks[0]) && !same(s, blocks[4]) {
		t.Error("not from a pair")
	} else {
		a.Deallocate(s)
	}
	a.Deallocate(blocks[6])
	if s := take(t, a, 4); !same(s, blocks[4]) {
		t.Error("the halves were not joined")
	}
}

// A release with another size would take neighbours with it.
func TestBuddySeesAnotherSize(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 16, 1)
	s, r := take(t, a, 1), take(t, a, 4)
	for name, f := range map[string]func(){
		"larger":  func() { a.Deallocate(unsafe.Slice(&s[0], 2)) },
		"smaller": func() { a.Deallocate(r[:2:2]) },
		"inside":  func() { a.Deallocate(r[1:4:4]) },
	} {
		if e := misuse(f); e == nil {
			t.Errorf("%s: panic is %v", name, e)
		}
	}
	a.Deallocate(r[:3:3]) // also a block of four
}

func TestBuddyResize(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 16, 1)
	s := take(t, a, 5)
	for _, n := range []int{8, 6, 5} {
		r, ok := a.Resize(s, n)
		if !ok || len(r) != n || cap(r) != 8 || !same(r, s) {
			t.Fatalf("cannot be %d long", n)
		}
		s = r
	}
	for _, n := range []int{9, 4, 0, -1, 17} {
		if _, ok := a.Resize(s, n); ok {
			t.Errorf("resized to %d, which is another size", n)
		}
	}
	a.Deallocate(s)
}

func BenchmarkBuddy(b *testing.B) {
	benchmarkPair(b, "interface/splits=10", combinators.NewBuddy(allocator.Heap[element]{}, 1024, 1))
	held := combinators.NewBuddy(allocator.Heap[element]{}, 1024, 1)
	if _, err := held.Allocate(1); err != nil {
		b.Fatal(err)
	}
	benchmarkPair(b, "interface/splits=0", held)
	benchmarkBuffer(b, "buffer=1500", combinators.NewBuddy(allocator.Heap[byte]{}, 1<<20, 64), 1500)
	benchmarkPeers(b)
}

func TestBuddyDoesNotResizeWhatItDidNotGive(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 8, 8)
	s := take(t, a, 8)
	if misuse(func() { a.Resize(s[7:8:8], 5) }) == nil {
		t.Error("a part of a block was resized")
	}
	a.Deallocate(s)
	if misuse(func() { a.Resize(s, 7) }) == nil {
		t.Error("a block was resized after its release")
	}
}

// Nor does it resize a block that lies elsewhere, also where it takes just such blocks.
func TestBuddyResizesNoForeignBlock(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 16, 1)
	s := take(t, a, 5) // at the start of the storage
	if r, ok := a.Resize(make([]int, 5, 8), 6); ok || r != nil {
		t.Errorf("a foreign block of 5 became one of %d: %t", len(r), ok)
	}
	a.Deallocate(s)
}

// The halves that were free before Reset are parts of a whole again.
func TestBuddyResetForgetsFreeParts(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 16, 1)
	s := take(t, a, 1)
	a.Reset()
	if misuse(func() { a.Deallocate(s) }) == nil {
		t.Error("released after Reset")
	}
	pair := take(t, a, 2)
	for range 14 {
		if s := take(t, a, 1); same(s, pair) || same(s, pair[1:]) {
			t.Fatal("a part of a block was handed out again")
		}
	}
	if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("17 values of 16: error %v, want ErrExhausted", err)
	}
}

func TestBuddyResetAllocatesNothing(t *testing.T) {
	a := combinators.NewBuddy(heap[int](), 64, 1)
	if n := testing.AllocsPerRun(100, func() {
		take(t, a, 3)
		a.Reset()
	}); n != 0 {
		t.Errorf("a round of Allocate and Reset allocates %v times", n)
	}
}

// What is larger than the largest part is nothing that was handed out, even if it
// starts where a part does.
func TestBuddyMisuseBeyondTheLargestPart(t *testing.T) {
	kept := &keeping{source: newSource[int](t)}
	a := combinators.NewBuddy(kept, 48, 16) // its largest part has 32 values
	s := take(t, a, 32)
	for name, use := range map[string]func(){
		"Resize":     func() { a.Resize(kept.block, 48) },
		"Deallocate": func() { a.Deallocate(kept.block) },
	} {
		if misuse(use) == nil {
			t.Errorf("%s took the whole storage for a block", name)
		}
	}
	a.Deallocate(s)
}

// A keeping has the block that it gave last.
type keeping struct {
	*source[int]
	block []int
}

func (a *keeping) Allocate(n int) (s []int, err error) {
	a.block, err = a.source.Allocate(n)
	return a.block, err
}

// A block of one value has no more room than that until it is resized, also where
// pointers are cleared.
func TestBuddyResizesOneValue(t *testing.T) {
	a := combinators.NewBuddy(heap[*int](), 64, 16)
	s := take(t, a, 1)
	s[0] = new(int)
	r, ok := a.Resize(s, 3)
	if !ok || !same(r, s) || len(r) != 3 || r[0] != s[0] || r[1] != nil {
		t.Fatalf("Resize of one value to 3 gives %v, %v", r, ok)
	}
	a.Deallocate(r)
}

// Trim gives up the bitmaps, too.
func TestBuddyTrimsItsBitmaps(t *testing.T) {
	a := combinators.NewBuddy(fixed[int]{combinators.NewSlab(heap[int](), 64)}, 64, 1) // is not trimmed
	if n := testing.AllocsPerRun(20, func() {
		a.Deallocate(take(t, a, 3))
		a.Trim()
	}); n == 0 {
		t.Error("a round of Allocate and Trim allocates nothing, so the bitmaps were kept")
	}
}
