package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// Each size has a slab of its own, whose blocks fit each other.
func ExampleBuckets() {
	buffers := combinators.NewBuckets(64, 256, 64, func(size int) allocator.Allocator[byte] {
		return combinators.NewSlab(allocator.Heap[byte]{}, 100*size)
	})
	b, _ := buffers.Allocate(100)
	fmt.Println(len(b), "of", buffers.GoodSize(100))
	b, ok := buffers.Resize(b, 120)
	fmt.Println(len(b), ok)
	_, err := buffers.Allocate(257)
	fmt.Println(err)
	// Output:
	// 100 of 128
	// 120 true
	// allocator: size too large
}

func TestBucketsSendASizeToItsBucket(t *testing.T) {
	sources := map[int]*source[int]{}
	a := combinators.NewBuckets(3, 9, 3, func(size int) allocator.Allocator[int] {
		sources[size] = newSource[int](t)
		return sources[size]
	})
	var blocks [][]int
	for n := 1; n <= 9; n++ {
		blocks = append(blocks, take(t, a, n))
	}
	for _, s := range blocks {
		a.Deallocate(s[:0])
	}
	for _, size := range []int{3, 6, 9} {
		want := []int{size, size, size}
		if size == 3 {
			want[0] = 1 // a single value is not rounded
		}
		if diff := cmp.Diff(want, sources[size].asked); diff != "" {
			t.Errorf("asked of the bucket of %d (-want +got):\n%s", size, diff)
		}
		if diff := cmp.Diff(want, sources[size].freed); diff != "" {
			t.Errorf("released to the bucket of %d (-want +got):\n%s", size, diff)
		}
	}
	if len(sources) != 3 {
		t.Errorf("%d buckets, want 3", len(sources))
	}
}

func TestBucketsResize(t *testing.T) {
	a := combinators.NewBuckets(4, 8, 4, func(int) allocator.Allocator[*int] { return newSource[*int](t) })
	s := take(t, a, 2)
	for i := range s {
		s[i] = new(int)
	}
	whole := s
	for _, n := range []int{4, 1, 3} {
		r, ok := a.Resize(s, n)
		if !ok || !same(r, whole) || len(r) != n || cap(r) != 4 {
			t.Fatalf("a block of %d in a bucket of 4: Resize to %d gives %d values, %v", cap(s), n, len(r), ok)
		}
		s = r
	}
	if s[0] == nil || s[1] != nil {
		t.Error("what was cut off is to be cleared, and nothing else")
	}
	for _, n := range []int{5, 9, 0, -1} {
		if _, ok := a.Resize(s, n); ok {
			t.Errorf("a block in a bucket of 4 was resized to %d", n)
		}
	}
	if _, ok := a.Resize(nil, 3); ok {
		t.Error("an empty block was resized")
	}
	if _, ok := a.Resize(make([]*int, 2), 1); ok {
		t.Error("a block that is too small for any bucket was resized")
	}
	a.Deallocate(s)
	large := take(t, a, 8)
	if _, ok := a.Resize(large, 3); ok {
		t.Error("a block in a bucket of 8 was resized to 3, which is for another bucket")
	}
	for _, n := range []int{5, 8} {
		if r, ok := a.Resize(large, n); !ok || len(r) != n {
			t.Errorf("a block in a bucket of 8: Resize to %d gives %d values, %v", n, len(r), ok)
		}
	}
	a.Deallocate(large)
}

func TestBucketsBounds(t *testing.T) {
	a := combinators.NewBuckets(4, 8, 2, func(int) allocator.Allocator[int] { return newCapableSource[int](t) })
	for n, want := range map[int]error{0: nil, -1: allocator.ErrSize, 9: allocator.ErrTooLarge} {
		if s, err := a.Allocate(n); s != nil || !errors.Is(err, want) {
			t.Errorf("Allocate(%d) is %d values and error %v, want %v", n, len(s), err, want)
		}
	}
	for n, want := range map[int]int{0: 0, -1: -1, 1: 2, 3: 4, 4: 4, 5: 6, 8: 8, 9: 9} {
		if got := a.GoodSize(n); got != want {
			t.Errorf("GoodSize(%d) is %d, want %d", n, got, want)
		}
	}
	if got := combinators.NewBuckets(4, 4, 1, func(int) allocator.Allocator[int] { return newSource[int](t) }).GoodSize(1); got != 1 {
		t.Errorf("GoodSize(1) of a single bucket that does not round is %d", got)
	}
	e := misuse(func() { a.Deallocate(make([]int, 3)) })
	if e == nil || !strings.HasPrefix(e.Problem, "released to an allocator that did not give it") {
		t.Errorf("panic is %v, want one for a foreign block", e)
	}
	s := take(t, a, 3)
	if !a.Owns(s) || a.Owns(make([]int, 3)) || a.Owns(make([]int, 9)) || a.Owns(nil) {
		t.Error("Owns is to be true for the blocks of the buckets alone")
	}
	rounded := combinators.NewQuantizer(a, func(n int) int { return n + 2 })
	if !rounded.Owns(take(t, rounded, 2)) {
		t.Error("a part of a block is not owned, because a block of its size would be elsewhere")
	}
	a.Trim()
	a.Reset()
}

// A block that is as large as those of another bucket goes back where it came from, and the
// other bucket is asked instead, up to the last one, whose blocks may be still larger.
func TestBucketsOfGenerousParents(t *testing.T) {
	sources := map[int]*source[int]{}
	a := combinators.NewBuckets(4, 8, 4, func(size int) allocator.Allocator[int] {
		sources[size] = newSource[int](t)
		sources[size].extra = 4 // twice the room
		return sources[size]
	})
	s := take(t, a, 3)
	if sources[4].count != 0 || sources[8].count != 16 {
		t.Errorf("the buckets of 4 and 8 have %d and %d values out, want 0 and 16", sources[4].count, sources[8].count)
	}
	a.Deallocate(s)
	if sources[8].count != 0 {
		t.Errorf("%d values are not back with the bucket", sources[8].count)
	}
}

func TestBucketsResetAllOrNone(t *testing.T) {
	able := newCapableSource[int](t)
	a := combinators.NewBuckets(1, 2, 1, func(size int) allocator.Allocator[int] {
		if size == 1 {
			return able
		}
		return newSource[int](t)
	})
	take(t, a, 1)
	if a.Capable(allocator.CanOwn) || a.Capable(allocator.CanReset) {
		t.Error("claims what one of the buckets cannot")
	}
	func() {
		defer func() { recover() }()
		a.Reset()
	}()
	if able.count != 1 {
		t.Error("one bucket was reset and the other was not")
	}
}

// Values of no size need no room, and no bucket is too small for them.
func TestBucketsOfNoSize(t *testing.T) {
	a := combinators.NewBuckets(4, 8, 4, func(int) allocator.Allocator[struct{}] { return newSource[struct{}](t) })
	for _, n := range []int{1, 5, 9, math.MaxInt} {
		a.Deallocate(take(t, a, n))
	}
}

func TestBucketsWithoutSteps(t *testing.T) {
	for _, c := range [][3]int{{0, 4, 4}, {4, 8, 0}, {8, 4, 4}, {4, 9, 2}, {-4, 4, 4}} {
		wantPanic(t, fmt.Sprintf("combinators: NewBuckets: there are no steps of %d from %d to %d", c[2], c[0], c[1]), func() {
			combinators.NewBuckets(c[0], c[1], c[2], func(int) allocator.Allocator[int] { return heap[int]() })
		})
	}
}

func BenchmarkBuckets(b *testing.B) {
	slot := new(combinators.SingleSlot[element])
	benchmarkPair(b, "interface", combinators.NewBuckets(1, 4, 1, func(int) allocator.Allocator[element] { return slot }))
	benchmarkPair(b, "alone", slot)
}

// The bucket is found without a division, which is exact.
func TestBucketsFindTheBucket(t *testing.T) {
	for _, test := range [][3]int{{1, 300, 1}, {3, 3 + 7*40, 7}, {16, 16 + 1000*64, 64}, {5, 5 + 3*1_000_003, 1_000_003}} {
		first, last, step := test[0], test[1], test[2]
		a := combinators.NewBuckets(first, last, step, func(int) allocator.Allocator[struct{}] { return heap[struct{}]() })
		for n := 2; n <= last; n += 1 + n/5000 {
			want := first + (max(n-first, 0)+step-1)/step*step
			if got := a.GoodSize(n); got != want {
				t.Fatalf("first %d, step %d: %d values are for the bucket of %d, want %d", first, step, n, got, want)
			}
		}
	}
}

// Where the sizes are too large for that, a division finds it.
func TestBucketsFindTheBucketForLargeSizes(t *testing.T) {
	const step = math.MaxInt / 8
	a := combinators.NewBuckets(3, 3+3*step, step, func(int) allocator.Allocator[struct{}] { return heap[struct{}]() })
	for i := range 3 {
		size := 3 + i*step
		for n, want := range map[int]int{size - 1: size, size: size, size + 1: size + step, size + step: size + step} {
			if got := a.GoodSize(n); got != want {
				t.Errorf("%d values are for the bucket of %d, want %d", n, got, want)
			}
		}
	}
}
