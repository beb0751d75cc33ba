package allocator_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
)

func ExampleAppend() {
	var a allocator.Heap[byte]
	var body []byte // a block of a, once there is something in it
	for _, piece := range []string{"Hello", ", ", "world"} {
		var err error
		if body, err = allocator.Append(a, body, []byte(piece)...); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%s\n", body)
	a.Deallocate(body)
	// Output: Hello, world
}

func ExampleGrow() {
	var a allocator.Heap[int]
	primes, err := allocator.Grow(a, nil, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { a.Deallocate(primes) }()
	primes = append(primes, 2, 3, 5, 7) // there is room, so it stays a block of a
	fmt.Println(primes, cap(primes) >= 4)
	// Output: [2 3 5 7] true
}

func ExampleClone() {
	var a allocator.Heap[int]
	args := [...]int{3, 1, 2}
	sorted, err := allocator.Clone(a, args[:])
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Deallocate(sorted)
	slices.Sort(sorted)
	fmt.Println(args, sorted)
	// Output: [3 1 2] [1 2 3]
}

// A roomy gives out blocks with twice the room that was asked for, resizes them
// if it is told to, and keeps account of them.
type roomy[T any] struct {
	t       *testing.T
	live    map[*T]int // capacities
	resizes bool
	limit   int // values in a block; 0 is any number
}

func newRoomy[T any](t *testing.T) *roomy[T] { return &roomy[T]{t: t, live: map[*T]int{}} }

func (a *roomy[T]) Allocate(n int) ([]T, error) {
	if err := allocator.CheckSize[T](n); err != nil || n == 0 {
		return nil, err
	}
	if a.limit != 0 && n > a.limit {
		return nil, allocator.ErrExhausted
	}
	size := 2 * n
	if n == 1 {
		size = 1
	}
	s := make([]T, n, size)
	a.live[unsafe.SliceData(s)] = size
	return s, nil
}

func (a *roomy[T]) Deallocate(s []T) {
	a.t.Helper()
	if cap(s) == 0 {
		return
	}
	if a.live[unsafe.SliceData(s)] != cap(s) {
		a.t.Errorf("a block with capacity %d is released; it had %d", cap(s), a.live[unsafe.SliceData(s)])
	}
	delete(a.live, unsafe.SliceData(s))
	clear(s[:cap(s)])
}

func (a *roomy[T]) Resize(s []T, n int) ([]T, bool) {
	if !a.resizes || n > cap(s) && n > 64 {
		return nil, false
	}
	if n > cap(s) {
		s = unsafe.Slice(unsafe.SliceData(s), 64) // see below: they all have so much
		a.live[unsafe.SliceData(s)] = 64
	}
	return s[:n], true
}

// Append does what append does, and the allocator gets back what it gave.
func TestAppend(t *testing.T) {
	for _, sizes := range [][]int{{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 3, 0, 1}, {100, 1000, 5}, {7, 7, 7, 7, 7, 7, 7, 7, 300}} {
		a := newRoomy[int](t)
		var got, want []int
		for _, n := range sizes {
			more := make([]int, n)
			for i := range more {
				more[i] = len(want) + i
			}
			want = append(want, more...)
			var err error
			if got, err = allocator.Append(a, got, more...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("sizes %v: %s", sizes, diff)
			}
			if cap(got) != 0 && len(a.live) != 1 {
				t.Fatalf("sizes %v: %d blocks are live", sizes, len(a.live))
			}
		}
		a.Deallocate(got)
	}
}

// What is appended may be a part of the block that has to go.
func TestAppendToItself(t *testing.T) {
	a := newRoomy[int](t)
	s, _ := allocator.Append(a, nil, 1, 2, 3)
	want := []int{1, 2, 3}
	for range 6 {
		var err error
		if s, err = allocator.Append(a, s, s...); err != nil {
			t.Fatal(err)
		}
		want = append(want, want...)
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	a.Deallocate(s)
	if len(a.live) != 0 {
		t.Errorf("%d blocks are live", len(a.live))
	}
}

// A growing that fails loses nothing and changes nothing.
func TestAppendFails(t *testing.T) {
	a := newRoomy[int](t)
	a.limit = 8
	s, _ := allocator.Append(a, nil, 1, 2, 3, 4, 5, 6, 7, 8)
	s, _ = allocator.Append(a, s, make([]int, 8)...) // in place
	r, err := allocator.Append(a, s, 9)
	if !errors.Is(err, allocator.ErrExhausted) || len(r) != 16 || &r[0] != &s[0] || r[7] != 8 {
		t.Errorf("Append is %v and error %v", r, err)
	}
	for n, want := range map[int]error{-1: allocator.ErrSize, math.MinInt: allocator.ErrSize, math.MaxInt: allocator.ErrTooLarge, 1: allocator.ErrExhausted} {
		r, err := allocator.Grow(a, s, n)
		if !errors.Is(err, want) || len(r) != 16 || cap(r) != cap(s) || &r[0] != &s[0] {
			t.Errorf("Grow(s, %d) is %v and error %v, want %v", n, r, err, want)
		}
	}
	if r, err := allocator.Clone(a, s); r != nil || !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("Clone is %v and error %v", r, err)
	}
	a.Deallocate(s)
}

// The size that growing would like is not the only one that will do.
func TestAppendTakesWhatThereIs(t *testing.T) {
	a := newRoomy[int](t)
	a.limit = 21
	s, _ := allocator.Append(a, nil, make([]int, 10)...)
	s, err := allocator.Append(a, s[:20], 1)
	if err != nil || len(s) != 21 {
		t.Errorf("Append is %v and error %v", s, err)
	}
	a.Deallocate(s)
}

// A block is resized before it is moved.
func TestGrowResizes(t *testing.T) {
	a := newRoomy[int](t)
	a.resizes = true
	storage := make([]int, 64)
	s := storage[:3:4]
	a.live[&storage[0]] = 4
	s[2] = 7
	s, err := allocator.Grow(a, s, 20)
	if err != nil || len(s) != 3 || cap(s) != 64 || &s[0] != &storage[0] || s[2] != 7 {
		t.Errorf("Grow is %v with cap %d and error %v", s, cap(s), err)
	}
	a.Deallocate(s)
}

// To append value by value moves each of them a few times and not more.
func TestAppendMovesSeldom(t *testing.T) {
	var a allocator.Heap[byte]
	var s []byte
	moves := 0
	for range 1 << 20 {
		before := unsafe.SliceData(s)
		s, _ = allocator.Append(a, s, 1)
		if unsafe.SliceData(s) != before {
			moves++
		}
	}
	if moves > 40 {
		t.Errorf("moved %d times for a mebibyte", moves)
	}
}

// A block that has no second value cannot be given back by a pointer, and what
// New returns is one.
func TestNewWantsOneValue(t *testing.T) {
	storage := make([]int, 1, 2)
	e := misuse(func() { _, _ = allocator.New(fixed[int]{s: storage}) })
	if e == nil {
		t.Error("New took a block of two values for one")
	}
}

// A fixed hands out one slice whatever it is asked for.
type fixed[T any] struct {
	allocator.Heap[T]
	s []T
}

func (a fixed[T]) Allocate(int) ([]T, error) { return a.s, nil }
