package combinators_test

import (
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A padded value has seven bytes that belong to no field. To assign or to clear one
// value may leave them as they are, and to copy several copies them too.
type padded struct {
	kind uint8
	next *padded
}

// soil fills the storage of s with what a program may leave there: garbage in the
// padding.
func soil(s []padded) {
	for i := range s {
		bytes := (*[unsafe.Sizeof(padded{})]byte)(unsafe.Pointer(&s[i]))
		for k := 1; k < 8; k++ {
			bytes[k] = 0x7f
		}
		s[i].kind = 1
	}
}

func TestCheckedIgnoresPadding(t *testing.T) {
	for _, n := range []int{1, 2, 7} {
		a := combinators.NewChecked(allocator.Heap[padded]{})
		a.Quarantine = 1
		for range 4 {
			s := take(t, a, n)
			soil(s)
			a.Deallocate(s) // would panic: written to after its release
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestZeroedPadding(t *testing.T) {
	for _, n := range []int{1, 2, 7} {
		a := combinators.NewZeroed(combinators.NewSingleSlot(allocator.Heap[padded]{}))
		for range 3 {
			s := take(t, a, n)
			for i, b := range unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), n*int(unsafe.Sizeof(s[0]))) {
				if b != 0 {
					t.Fatalf("byte %d of %d fresh values is %#x", i, n, b)
				}
			}
			soil(s)
			a.Deallocate(s)
		}
	}
}

// Over pages, which are zero, Zeroed touches nothing; the same through layers that
// hand on what their parent gives.
func TestZeroedTouchesNothingThatIsZero(t *testing.T) {
	pages, err := allocator.NewPages[byte]()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		parent allocator.Allocator[byte]
		zeros  bool
	}{
		{allocator.Heap[byte]{}, true},
		{pages, true},
		{combinators.NewStats(combinators.NewLimit(pages, 1<<20)), true},
		{combinators.NewZeroed(new(combinators.SingleSlot[byte])), true},
		{combinators.NewQuantizer(pages, eights), true},
		{new(combinators.SingleSlot[byte]), false},
		{combinators.NewRecycling(pages, 1<<20), false},
		{combinators.NewPool(pages), false},
		{combinators.NewSharded(pages, 1<<20), false},
		{combinators.NewSlab(pages, 1<<20), false},
	} {
		if got := allocator.GivesZeros(c.parent); got != c.zeros {
			t.Errorf("%v: GivesZeros is %v", c.parent, got)
		}
	}
	limited := combinators.NewZeroed(pages)
	s, err := limited.Allocate(1 << 30) // to clear it would take a second and a gibibyte
	if err != nil {
		t.Skip(err)
	}
	limited.Deallocate(s)
}
