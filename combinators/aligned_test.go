package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// Each worker has its counters on cache lines of their own.
func ExampleAligned() {
	counters := combinators.NewAligned(allocator.Heap[uint64]{}, 64)
	for range 3 {
		c, _ := counters.Allocate(3)
		fmt.Println(uintptr(unsafe.Pointer(&c[0]))%64, counters.GoodSize(3))
	}
	// Output:
	// 0 8
	// 0 8
	// 0 8
}

func TestAligned(t *testing.T) {
	for _, alignment := range []int{1, 2, 8, 64, 128, 4096} {
		t.Run(fmt.Sprint(alignment), func(t *testing.T) {
			testAligned[byte](t, alignment)
			testAligned[uint32](t, alignment)
			testAligned[*int](t, alignment)
			testAligned[[3]uint64](t, alignment)
			testAligned[[5]byte](t, alignment)
		})
	}
}

// The parent's blocks start at any value of a region.
func testAligned[T any](t *testing.T, alignment int) {
	t.Helper()
	var zero T
	size := int(unsafe.Sizeof(zero))
	judge := newSource[T](t)
	a := combinators.NewAligned(combinators.NewSlab(judge, 1<<17), alignment)
	r := rand.New(rand.NewPCG(1, 2))
	var live [][]T
	for range 100 {
		if len(live) > 5 {
			i := r.IntN(len(live))
			a.Deallocate(live[i][:0])
			live = slices.Delete(live, i, i+1)
		}
		n := 1 + r.IntN(50)
		s := take(t, a, n)
		start := uintptr(unsafe.Pointer(&s[0]))
		if start%uintptr(alignment) != 0 {
			t.Fatalf("%v: a block starts at %#x", a, start)
		}
		if good := a.GoodSize(n); good < n || good*size%alignment != 0 {
			t.Fatalf("%v: GoodSize(%d) is %d", a, n, good)
		}
		live = append(live, s)
	}
	// No two blocks share a line.
	slices.SortFunc(live, func(x, y []T) int { return int(uintptr(unsafe.Pointer(&x[0])) - uintptr(unsafe.Pointer(&y[0]))) })
	for i := 1; i < len(live); i++ {
		end := uintptr(unsafe.Pointer(&live[i-1][0])) + uintptr(cap(live[i-1])*size)
		if line := uintptr(alignment); (end+line-1)/line*line > uintptr(unsafe.Pointer(&live[i][0])) {
			t.Fatalf("%v: two blocks share %d bytes", a, alignment)
		}
	}
	for _, s := range live {
		a.Deallocate(s)
	}
	a.Trim()
	if judge.count != 0 {
		t.Errorf("%v: %d values are not back with the parent", a, judge.count)
	}
}

// A T of 64 bytes lies at the same distance from a multiple of 64 wherever in
// a block.
func TestAlignedWhatCannotBe(t *testing.T) {
	off := &offset[[8]uint64]{}
	a := combinators.NewAligned(off, 64)
	if s, err := a.Allocate(2); s != nil || !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate is %d values and error %v, want ErrTooLarge", len(s), err)
	}
	if off.live != 0 {
		t.Error("the parent's block was not released")
	}
	if allocs := testing.AllocsPerRun(20, func() { a.Allocate(2) }); allocs > 1 { // the source's
		t.Errorf("%v allocations a failure", allocs)
	}
}

// offset gives blocks that start 8 bytes after a multiple of 64.
type offset[T any] struct{ live int }

func (a *offset[T]) Allocate(n int) ([]T, error) {
	a.live++
	bytes := make([]uint64, 32)
	i := 0
	for uintptr(unsafe.Pointer(&bytes[i]))%64 != 8 {
		i++
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&bytes[i])), n), nil
}

func (a *offset[T]) Deallocate([]T) { a.live-- }

// A block that its owner loses is collected, and another may lie there, which
// is aligned by itself.
func TestAlignedForgetsWhatIsLost(t *testing.T) {
	parent := &shifting{}
	a := combinators.NewAligned(parent, 64)
	parent.shift = 1
	take(t, a, 8) // and lose it
	parent.shift = 8
	s := take(t, a, 8)
	a.Deallocate(s)
	if !same(parent.released, s) {
		t.Error("a lost block that lay at the same place is remembered")
	}
	runtime.KeepAlive(a)
}

// shifting hands out parts of the same array, from the value shift of it on.
type shifting struct {
	array    [64]uint64
	shift    int
	released []uint64
}

func (a *shifting) Allocate(n int) ([]uint64, error) {
	i := 0
	for uintptr(unsafe.Pointer(&a.array[i]))%64 != 0 {
		i++
	}
	return a.array[i+a.shift:][:n:n], nil
}

func (a *shifting) Deallocate(s []uint64) { a.released = s }

func TestAlignedGoodSize(t *testing.T) {
	a := combinators.NewAligned(heap[uint64](), 64)
	for n, want := range map[int]int{1: 8, 8: 8, 9: 16, 0: 0, -1: -1, math.MaxInt: math.MaxInt} {
		if got := a.GoodSize(n); got != want {
			t.Errorf("GoodSize(%d) is %d, want %d", n, got, want)
		}
	}
}

func TestAlignedReset(t *testing.T) {
	a := combinators.NewAligned(combinators.NewSlab(heap[byte](), 1000), 64)
	take(t, a, 10)
	take(t, a, 10)
	if _, ok := allocator.AsResetter(a); !ok {
		t.Error("cannot be reset; its parent can")
	}
	if _, ok := allocator.AsOwner[byte](a); ok || a.Capable(allocator.CanOwn) {
		t.Error("claims to know what it owns")
	}
	a.Reset()
	for range 5 {
		a.Deallocate(take(t, a, 10))
	}
}

func TestAlignedToNoPowerOfTwo(t *testing.T) {
	for _, alignment := range []int{0, -8, 24} {
		wantPanic(t, fmt.Sprintf("combinators: NewAligned: the alignment is not a power of two: %d", alignment), func() {
			combinators.NewAligned(heap[int](), alignment)
		})
	}
}

func BenchmarkAligned(b *testing.B) {
	for _, before := range []int{8, 1} {
		region := combinators.NewRegion(heap[uint64](), 1000)
		take[uint64](b, region, before) // so that what follows is aligned by itself, or is not
		a := combinators.NewAligned(region, 64)
		b.Run(fmt.Sprintf("values before=%d", before), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				s, err := a.Allocate(8)
				if err != nil {
					b.Fatal(err)
				}
				a.Deallocate(s)
			}
		})
	}
}

// Whatever is no live block is refused, at its start or inside.
func TestAlignedMisuse(t *testing.T) {
	parent := newSource[byte](t)
	a := combinators.NewAligned(combinators.NewSlab(parent, 1000), 64)
	s := take(t, a, 100)
	for name, release := range map[string][]byte{
		"foreign":        make([]byte, 128),
		"interior":       s[1:],
		"other capacity": s[:10:10],
	} {
		if e := misuse(func() { a.Deallocate(release) }); e == nil || !strings.Contains(e.Problem, "allocator.Append") {
			t.Errorf("%s: panic is %v", name, e)
		}
	}
	a.Deallocate(s[:0])
	if e := misuse(func() { a.Deallocate(s) }); e == nil || e.Allocator != a.String() {
		t.Errorf("released twice: panic is %v, want one that names %v", e, a)
	}
	s = take(t, a, 100)
	a.Reset()
	if e := misuse(func() { a.Deallocate(s) }); e == nil || e.Allocator != a.String() {
		t.Errorf("released after Reset: panic is %v, want one that names %v", e, a)
	}
	a.Trim()
	if parent.count != 0 {
		t.Errorf("%d values are not back", parent.count)
	}
}

// Values of no size go back to the parent, which may count them.
func TestAlignedNoSize(t *testing.T) {
	limit := combinators.NewLimit(heap[struct{}](), 10)
	a := combinators.NewAligned(limit, 64)
	a.Deallocate(take(t, a, 7))
	if limit.Live() != 0 {
		t.Errorf("%d values are live", limit.Live())
	}
	if got := a.GoodSize(7); got != 7 {
		t.Errorf("GoodSize(7) is %d", got)
	}
}

func TestAlignedGivesItsGoodSize(t *testing.T) {
	a := combinators.NewAligned(heap[byte](), 64)
	for n, want := range map[int]int{-1: -1, 0: 0, 1: 64, 63: 64, 64: 64, 65: 128, 128: 128} {
		if got := a.GoodSize(n); got != want {
			t.Errorf("GoodSize(%d) is %d, want %d", n, got, want)
		}
		if n > 1 && cap(take(t, a, n)) != want {
			t.Errorf("Allocate(%d) has another capacity than %d", n, want)
		}
	}
}

// The parent is asked for whole units, and for fewer values than one of them besides.
func TestAlignedAsksForNoMoreThanItNeeds(t *testing.T) {
	for alignment, want := range map[int][]int{8: {1, 8, 9}, 64: {8 + 7, 8 + 7, 16 + 7}} {
		parent := newSource[uint64](t)
		a := combinators.NewAligned(parent, alignment)
		for _, n := range []int{1, 8, 9} {
			take(t, a, n)
		}
		if diff := cmp.Diff(want, parent.asked); diff != "" {
			t.Errorf("alignment %d: asked of the parent for 1, 8 and 9 words (-want +got):\n%s", alignment, diff)
		}
	}
}
