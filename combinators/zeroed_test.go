package combinators_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// What one client wrote must not reach another one.
func ExampleZeroed() {
	kept := combinators.NewRecycling(allocator.Heap[byte]{}, 1<<20)
	buffers := combinators.NewZeroed(kept)

	first, _ := buffers.Allocate(8)
	copy(first, "password")
	buffers.Deallocate(first)

	second, _ := buffers.Allocate(8)
	fmt.Printf("the same buffer: %t, contents %q\n", &first[0] == &second[0], second)
	// Output: the same buffer: true, contents "\x00\x00\x00\x00\x00\x00\x00\x00"
}

func TestZeroed(t *testing.T) {
	for _, parent := range []allocator.Allocator[byte]{
		heap[byte](),
		new(combinators.SingleSlot[byte]),
		combinators.NewRecycling(heap[byte](), 1000),
		combinators.NewRegion(heap[byte](), 1000),
		combinators.NewSlab(heap[byte](), 1000),
	} {
		a := combinators.NewZeroed(parent)
		for range 20 {
			for _, n := range []int{1, 8, 100} {
				s := take(t, a, n)
				if !bytes.Equal(s, make([]byte, n)) {
					t.Fatalf("%v: a fresh block of %d is %v", a, n, s)
				}
				for i := range s {
					s[i] = 0xff
				}
				a.Deallocate(s)
			}
		}
	}
}

func TestZeroedGrowth(t *testing.T) {
	region := combinators.NewRegion(heap[byte](), 100)
	a := combinators.NewZeroed(region)
	s := take(t, a, 100)
	for i := range s {
		s[i] = 0xff
	}
	a.Deallocate(s)
	s = take(t, a, 3)
	s[2] = 1
	s, ok := a.Resize(s, 50)
	if !ok || !bytes.Equal(s, append([]byte{0, 0, 1}, make([]byte, 47)...)) {
		t.Errorf("a block that grew is %v, %v", s, ok)
	}
	if s, ok := a.Resize(s, 2); !ok || len(s) != 2 {
		t.Error("a block was not made smaller")
	}
}

func BenchmarkZeroed(b *testing.B) {
	slot := new(combinators.SingleSlot[byte])
	benchmarkBuffer(b, "buffer=1500", combinators.NewZeroed(slot), 1500)
	benchmarkBuffer(b, "unspecified=1500", slot, 1500)
}
