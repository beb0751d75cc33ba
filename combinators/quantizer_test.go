package combinators_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func kilobytes(n int) int { return (n + 1023) &^ 1023 }

// A message that grows is moved once a kilobyte, not at each step.
func ExampleQuantizer() {
	buffers := combinators.NewQuantizer(allocator.Heap[byte]{}, kilobytes)
	moves := 0
	message, _ := buffers.Allocate(100)
	for size := 200; size <= 5000; size += 100 {
		larger, ok := buffers.Resize(message, size)
		if !ok {
			moves++
			larger, _ = buffers.Allocate(size)
			copy(larger, message)
			buffers.Deallocate(message)
		}
		message = larger
	}
	fmt.Println(len(message), "bytes,", moves, "moves")
	fmt.Println(buffers)
	// Output:
	// 5000 bytes, 4 moves
	// Quantizer(Heap[uint8], combinators_test.kilobytes)
}

func TestQuantizerRounds(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewQuantizer(parent, eights)
	var blocks [][]int
	for _, n := range []int{1, 8, 9, 16, 17} {
		blocks = append(blocks, take(t, a, n))
		if got := a.GoodSize(n); got != eights(n) {
			t.Errorf("GoodSize(%d) is %d", n, got)
		}
	}
	for _, s := range blocks {
		a.Deallocate(s[:0])
	}
	for name, got := range map[string][]int{"asked of": parent.asked, "released to": parent.freed} {
		if diff := cmp.Diff([]int{1, 8, 16, 16, 24}, got); diff != "" {
			t.Errorf("%s the parent (-want +got):\n%s", name, diff)
		}
	}
}

func TestQuantizerResize(t *testing.T) {
	parent := newCapableSource[*int](t)
	a := combinators.NewQuantizer(parent, eights)
	s := take(t, a, 17)
	whole := s
	for i := range s {
		s[i] = new(int)
	}
	for _, n := range []int{24, 18, 20} {
		r, ok := a.Resize(s, n)
		if !ok || !same(r, s) || len(r) != n || cap(r) != 24 {
			t.Fatalf("Resize of %d to %d, which is rounded to 24 too, gives %d values, %v", cap(s), n, len(r), ok)
		}
		s = r
	}
	if s[16] == nil || s[17] != nil || s[18] != nil {
		t.Error("what was cut off is to be cleared, and nothing else")
	}
	if parent.count != 24 {
		t.Errorf("the parent has %d values out, want 24", parent.count)
	}
	if _, ok := a.Resize(s, 25); ok {
		t.Error("claims to have resized a block; its parent refused")
	}
	s[11] = new(int)
	s, ok := a.Resize(s, 10)
	if !ok || !same(s, whole) || len(s) != 10 || parent.count != 16 {
		t.Fatalf("Resize to 10 gives %d values, %v; the parent has %d out, want 16", cap(s), ok, parent.count)
	}
	s, _ = a.Resize(s, 16)
	if s[11] != nil {
		t.Error("a pointer in the part that was cut off came back")
	}
	a.Deallocate(s)
	for _, n := range []int{0, -1, 5} {
		if _, ok := a.Resize(nil, n); ok {
			t.Errorf("an empty block was resized to %d", n)
		}
	}
}

// Up to the capacity of a block the parent need not be able to resize, and above
// it does what it can.
func TestQuantizerResizeAtTheBounds(t *testing.T) {
	a := combinators.NewQuantizer(newSource[*int](t), eights)
	one, s := take(t, a, 1), take(t, a, 17)
	if r, ok := a.Resize(one, 1); !ok || !same(r, one) {
		t.Error("a block of 1 value was not resized to 1")
	}
	for n, want := range map[int]bool{17: true, 23: true, 24: true, 25: false, 16: false, 0: false, -1: false, math.MaxInt: false} {
		if r, ok := a.Resize(s, n); ok != want || ok && len(r) != n {
			t.Errorf("Resize of 24 values to %d gives %d, %v, want %v", n, len(r), ok, want)
		}
	}
	a.Deallocate(one)
	a.Deallocate(s)

	b := combinators.NewQuantizer(combinators.NewRegion(heap[*int](), 100), eights)
	s = take(t, b, 10)
	if r, ok := b.Resize(s, 20); !ok || !same(r, s) || len(r) != 20 || cap(r) != 24 {
		t.Errorf("Resize of the last block of a region to 20 gives %d of %d, %v, want 20 of 24", len(r), cap(r), ok)
	}
}

// A single value is not rounded, and what takes no storage is not either.
func TestQuantizerRoundsNoSingleValue(t *testing.T) {
	rounding := func(n int) int {
		if n < 1 {
			t.Errorf("asked what %d is rounded to", n)
		}
		return kilobytes(n)
	}
	parent := newSource[byte](t)
	a := combinators.NewQuantizer(parent, rounding)
	for n, want := range map[int]int{0: 0, 1: 1, 2: 1024, 63: 1024, 64: 1024, 65: 1024, 1024: 1024, 1025: 2048, -1: -1, math.MaxInt: math.MaxInt} {
		if got := a.GoodSize(n); got != want {
			t.Errorf("GoodSize(%d) is %d, want %d", n, got, want)
		}
	}
	for _, n := range []int{0, 1, 2, 63, 64, 65} {
		a.Deallocate(take(t, a, n))
	}
	if diff := cmp.Diff([]int{0, 1, 1024, 1024, 1024, 1024}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
	}
	if got := combinators.NewQuantizer(heap[struct{}](), rounding).GoodSize(5); got != 5 {
		t.Errorf("GoodSize(5) of values without a size is %d", got)
	}
}

func TestQuantizerThatCannotWork(t *testing.T) {
	name := "combinators: Quantizer(Heap[int], combinators_test.%s) cannot work: it rounds %s"
	wantPanic(t, fmt.Sprintf(name, "down", "9 to 8"), func() { combinators.NewQuantizer(heap[int](), down) })
	wantPanic(t, fmt.Sprintf(name, "wavering", "32 to 32, and less to 131"), func() { combinators.NewQuantizer(heap[int](), wavering) })
}

// Powers of two are where functions that round go wrong, so a large one is tried on
// each side.
func TestQuantizerThatCannotWorkAtPowersOfTwo(t *testing.T) {
	for _, wrong := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1, 1<<24 - 1, 1 << 24, 1<<24 + 1} {
		rounding := func(n int) int {
			if n == wrong {
				return 0
			}
			return n
		}
		func() {
			defer func() {
				want := fmt.Sprintf("it rounds %d to 0", wrong)
				if got := fmt.Sprint(recover()); !strings.HasSuffix(got, want) {
					t.Errorf("panic is %q, want one that ends with %q", got, want)
				}
			}()
			combinators.NewQuantizer(heap[int](), rounding)
		}()
	}
}

func down(n int) int {
	if n < 9 {
		return 8
	}
	return n &^ 7
}

func wavering(n int) int {
	if n == 31 {
		return 131
	}
	return n
}

func BenchmarkQuantizer(b *testing.B) {
	slot := new(combinators.SingleSlot[element])
	benchmarkPair(b, "interface", combinators.NewQuantizer(slot, eights))
	benchmarkPair(b, "alone", slot)
}
