package combinators_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleRegion() {
	scratch := combinators.NewRegion(allocator.Heap[byte]{}, 4096)
	header, _ := scratch.Allocate(16)

	before := scratch.Mark() // try one way, and go back if it fails
	scratch.Allocate(1000)
	scratch.Allocate(3000)
	scratch.Rewind(before)

	body, err := scratch.Allocate(4080)
	fmt.Println(len(header), len(body), err)
	scratch.Reset()
	fmt.Println(scratch)
	// Output:
	// 16 4080 <nil>
	// Region(Heap[uint8], 4096)
}

func TestRegionBumps(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewRegion(parent, 10)
	s, r := take(t, a, 3), take(t, a, 4)
	a.Deallocate(r)
	if again := take(t, a, 1); !same(again, r) {
		t.Error("the storage of the last block was not free after its release")
	}
	a.Deallocate(s) // not the last one
	if _, err := a.Allocate(7); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("error %v, want ErrExhausted", err)
	}
	take(t, a, 6)
	if diff := cmp.Diff([]int{10}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
}

func TestRegionMarks(t *testing.T) {
	a := combinators.NewRegion(heap[*int](), 10)
	kept := take(t, a, 2)
	kept[0], kept[1] = new(0), new(1)
	outer := a.Mark()
	first := take(t, a, 3)
	inner := a.Mark()
	second := take(t, a, 5)
	first[2], second[0] = new(2), new(3)
	a.Rewind(inner)
	if again := take(t, a, 5); !same(again, second) || again[0] != nil {
		t.Error("the inner Rewind released not just what came after its mark")
	}
	if *first[2] != 2 {
		t.Error("a block below the mark changed")
	}
	a.Rewind(outer)
	if again := take(t, a, 8); !same(again, first) || again[2] != nil {
		t.Error("the outer Rewind released not just what came after its mark")
	}
	if *kept[0] != 0 || *kept[1] != 1 {
		t.Error("a block below the mark changed")
	}
	a.Rewind(outer)
	a.Rewind(outer)
	a.Rewind(combinators.Mark{})
	a.Deallocate(take(t, a, 10))
}

// Don't grow one allocation into another.
func TestRegionGrowsTheLastOnly(t *testing.T) {
	a := combinators.NewRegion(heap[int](), 10)
	s, r := take(t, a, 2), take(t, a, 2)
	if _, ok := a.Resize(s, 3); ok {
		t.Fatal("grew into another block")
	}
	if r, ok := a.Resize(s, 2); !ok || len(r) != 2 {
		t.Fatal("could not stay as it is")
	}
	if r, _ = a.Resize(r, 8); len(r) != 8 || cap(r) != 8 {
		t.Fatal("the last block did not grow")
	}
	if _, ok := a.Resize(r, 9); ok {
		t.Fatal("grew beyond the capacity")
	}
	if r, _ = a.Resize(r, 1); len(r) != 1 || cap(r) != 1 {
		t.Fatal("did not become smaller")
	}
	take(t, a, 7)
	if s, _ = a.Resize(s, 1); len(s) != 1 || cap(s) != 1 {
		t.Fatal("a block that is not the last one did not become smaller")
	}
	if _, ok := a.Resize(s, 2); ok {
		t.Fatal("a block that is not the last one grew")
	}
}

// What lies above the cursor was released by a Rewind or Reset, and is not to
// be released again.
func TestRegionReleaseAfterRewind(t *testing.T) {
	a := combinators.NewRegion(heap[int](), 10)
	m := a.Mark()
	s := take(t, a, 3)
	a.Rewind(m)
	if misuse(func() { a.Deallocate(s) }) == nil {
		t.Error("no panic")
	}
	a.Deallocate(take(t, a, 10))
}

// One value is enough for a block to be in use.
func TestRegionSingleValue(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewRegion(parent, 10)
	s := take(t, a, 1)
	a.Trim()
	if parent.count != 10 {
		t.Fatal("Trim gave a block back of which a value was handed out")
	}
	m := a.Mark()
	next := take(t, a, 1)
	a.Rewind(m)
	if !same(take(t, a, 2), next) {
		t.Error("Rewind released not just what came after its mark")
	}
	a.Rewind(m)
	if r, ok := a.Resize(s, 5); !ok || !same(r, s) || len(r) != 5 {
		t.Error("the only block, of one value, did not grow")
	}
}

// A mark of the empty region stays valid.
func TestRegionMarkOfTheEmptyRegion(t *testing.T) {
	a := combinators.NewRegion(heap[int](), 10)
	m := a.Mark()
	for range 2 {
		take(t, a, 3)
		a.Mark()
		a.Reset()
		take(t, a, 3)
		a.Rewind(m)
		a.Deallocate(take(t, a, 10))
	}
}

func BenchmarkRegion(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewRegion(allocator.Heap[element]{}, 1000))
	benchmarkBuffer(b, "buffer=1500", combinators.NewRegion(allocator.Heap[byte]{}, 1<<16), 1500)
	benchmarkPeers(b)
}
