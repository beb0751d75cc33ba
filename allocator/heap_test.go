package allocator_test

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
)

func ExampleHeap() {
	var a allocator.Heap[float64]
	samples, err := a.Allocate(3)
	fmt.Println(samples, err)
	a.Deallocate(samples)

	_, err = a.Allocate(math.MaxInt)
	fmt.Println(errors.Is(err, allocator.ErrTooLarge), a)
	// Output:
	// [0 0 0] <nil>
	// true Heap[float64]
}

func TestHeapSizes(t *testing.T) {
	var bytes allocator.Heap[byte]
	for _, n := range []int{1, 7, 4096, 1 << 20} {
		s, err := bytes.Allocate(n)
		if err != nil || len(s) != n || cap(s) != n {
			t.Errorf("Allocate(%d): len %d, cap %d, error %v", n, len(s), cap(s), err)
		}
		bytes.Deallocate(s)
	}
	for _, s := range [][]byte{nil, {}, make([]byte, 0, 8)} {
		bytes.Deallocate(s)
	}
	if s, err := bytes.Allocate(0); len(s) != 0 || err != nil {
		t.Errorf("Allocate(0): len %d, error %v", len(s), err)
	}
}

// hugeSizes are numbers of values that a block cannot have, if a value has a
// byte or more. Overflow lurks in each.
func hugeSizes() []int {
	sizes := []int{math.MaxInt, math.MaxInt - 1, math.MaxInt/2 + 2}
	if bits.UintSize == 64 {
		sizes = append(sizes, math.MaxInt/3, math.MaxInt>>16, math.MaxInt>>16+1)
	}
	return sizes
}

func TestHeapRefusesHugeSizes(t *testing.T) {
	for _, n := range hugeSizes() {
		testRefused[byte](t, n)
		testRefused[*int](t, n)
		testRefused[[3]uint64](t, n)
		testRefused[[1 << 20]byte](t, n)
	}
	if bits.UintSize == 64 {
		one := 1 // not a constant, so that this compiles for 32 bits
		testRefused[[1 << 10]byte](t, one<<40)
		testRefused[[1 << 20]*int](t, one<<40)
		testRefused[[1 << 20]byte](t, one<<44)
	}
}

func testRefused[T any](t *testing.T, n int) {
	t.Helper()
	var a allocator.Heap[T]
	if s, err := a.Allocate(n); s != nil || !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("%v: Allocate(%d) is %d values and error %v, want ErrTooLarge", a, n, len(s), err)
	}
}

func TestHeapNegativeSizes(t *testing.T) {
	for _, n := range []int{-1, -4096, math.MinInt} {
		if s, err := (allocator.Heap[int]{}).Allocate(n); s != nil || !errors.Is(err, allocator.ErrSize) {
			t.Errorf("Allocate(%d) is %d values and error %v, want ErrSize", n, len(s), err)
		}
	}
}

func TestHeapZeroSizeType(t *testing.T) {
	var a allocator.Heap[struct{}]
	for _, n := range []int{0, 1, 1 << 20, math.MaxInt} {
		s, err := a.Allocate(n)
		if err != nil || len(s) != n || cap(s) != n {
			t.Errorf("Allocate(%d): len %d, cap %d, error %v", n, len(s), cap(s), err)
		}
		a.Deallocate(s)
	}
}

func TestHeapClearsPointers(t *testing.T) {
	var a allocator.Heap[*int]
	s, err := a.Allocate(3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s {
		s[i] = new(i)
	}
	a.Deallocate(s[:1]) // the length does not matter
	for i, p := range s {
		if p != nil {
			t.Errorf("value %d still has its pointer after Deallocate", i)
		}
	}
}

func TestHeapFailureAllocatesNothing(t *testing.T) {
	var a allocator.Allocator[[64]byte] = allocator.Heap[[64]byte]{}
	if allocs := testing.AllocsPerRun(100, func() {
		for _, n := range []int{-1, math.MaxInt} {
			if _, err := a.Allocate(n); err == nil {
				t.Error("no error")
			}
		}
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}
