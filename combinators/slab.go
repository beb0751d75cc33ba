package combinators

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Slab hands out parts of one block, which may be released in any order. A
// bitmap records which values are free.
//
// Use it where the number of live values has a hard bound: for the operations
// of a server with a maximum number of connections. It knows its blocks by
// their address, so a [Fallback] over it and another allocator can serve
// requests beyond the bound.
//
// A request for one value costs a few nanoseconds; for a T with pointers, half
// of that is for clearing it. It takes a value that was just released, or the
// lowest free one, which it finds in the bitmap 64 values at a time. A request
// for several values takes the first place where enough of them are free in a
// row. Searching the bitmap costs about 1.5 ns for each 64 values before that
// place: 0.1 ms in a full Slab of four million values, where a [Buddy] takes
// 0.15 µs (BenchmarkSlab, BenchmarkBuddy). The block comes from the parent with
// the first request. The bitmap is on the Go heap, with one bit for each value.
// Trim gives the block back while nothing is handed out.
//
// It is exhausted when not enough values are free in a row, or when the parent
// does not provide its block.
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if a released block is already free or is not from this Slab.
type Slab[T any] struct {
	_ noCopy
	backing[T]
	block []T
	free  bitmap
	low   int // no word of free before this one has a bit

	// hand is a free value that is not in free: one that was released, for
	// the next request. So neither has to wait for the other's arithmetic.
	hand *T
}

// NewSlab returns a Slab of capacity values that takes their storage from
// parent. It panics if capacity is negative.
func NewSlab[T any](parent allocator.Allocator[T], capacity int) *Slab[T] {
	return &Slab[T]{backing: newBacking(parent, capacity, "NewSlab")}
}

// Allocate returns n free values.
func (a *Slab[T]) Allocate(n int) ([]T, error) {
	if n == 1 && a.hand != nil {
		s := unsafe.Slice(a.hand, 1)
		a.hand = nil
		allocator.Reissue(s)
		return s, nil
	}
	if n != 1 || uint(a.low) >= uint(len(a.free)) || a.free[a.low] == 0 {
		return a.search(n)
	}
	word := a.free[a.low]
	a.free[a.low] = word & (word - 1)
	i := 64*a.low + bits.TrailingZeros64(word)
	s := a.block[i : i+1 : i+1]
	allocator.Reissue(s)
	return s, nil
}

// Deallocate marks the values of s as free.
func (a *Slab[T]) Deallocate(s []T) {
	i, ok := within(a.block, s)
	if cap(s) != 1 || !ok {
		a.release(s)
		return
	}
	p := unsafe.SliceData(s)
	if a.free.has(i) || p == a.hand {
		panic(allocator.Misuse(a, s, freedTwice))
	}
	if a.hand == nil {
		a.hand = p
	} else {
		a.free.put(i)
		a.low = min(a.low, i/64)
	}
	if a.clears {
		wipe(s)
	}
	allocator.Retire(s)
}

// Resize makes s smaller, or larger if the values after it are free.
func (a *Slab[T]) Resize(s []T, n int) ([]T, bool) {
	size := cap(s)
	i, ok := within(a.block, s)
	if !ok || size == 0 || n < 1 || n > len(a.block)-i {
		return nil, false
	}
	hand := a.putDown()
	switch end := i + size; {
	case a.free.first(i, end) != end:
		panic(allocator.Misuse(a, s, resizedFree))
	case n < size:
		vacate(s[n:size], a.clears)
		a.free.add(i+n, end)
		a.low = min(a.low, (i+n)/64)
	case a.free.gap(end, i+n) != i+n:
		a.pickUp(hand)
		return nil, false
	default:
		a.free.remove(end, i+n)
	}
	return reissued(a.block[i : i+n : i+n])
}

// Owns reports whether s starts inside the block.
func (a *Slab[T]) Owns(s []T) bool { return covers(a.block, s) }

// Reset marks all values as free.
func (a *Slab[T]) Reset() {
	vacateAll(a.block, a.clears)
	a.free.add(0, len(a.block))
	a.low, a.hand = 0, nil
}

// Trim gives the block back to the parent if no part of it is handed out, and
// trims the parent.
func (a *Slab[T]) Trim() {
	a.putDown()
	if a.free.gap(0, len(a.block)) == len(a.block) {
		a.free = nil // first, as the parent may panic
		a.close(&a.block)
	}
	a.can.trim()
}

// Parents implements [allocator.Composite].
func (a *Slab[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *Slab[T]) String() string {
	return fmt.Sprintf("Slab(%s, %d)", allocator.Describe(a.parent), a.capacity)
}

// search serves a request for which the first word that it looks at is no
// answer.
func (a *Slab[T]) search(n int) ([]T, error) {
	if needsNone[T](n) {
		return make([]T, n), nil
	}
	if err := a.open(&a.block, n); err != nil {
		return nil, err
	}
	if a.free == nil {
		a.free = newBitmap(a.capacity)
		a.free.add(0, a.capacity)
	}
	hand := a.putDown()
	for a.low < len(a.free) && a.free[a.low] == 0 {
		a.low++
	}
	i, ok := a.free.run(64*a.low, a.capacity, n)
	if !ok {
		a.pickUp(hand)
		return nil, allocator.ErrExhausted
	}
	a.free.remove(i, i+n)
	s := a.block[i : i+n : i+n]
	allocator.Reissue(s)
	return s, nil
}

// release takes back a block that is not one value, or is none of its own.
func (a *Slab[T]) release(s []T) {
	if needsNone[T](cap(s)) {
		return
	}
	i, ok := within(a.block, s)
	if !ok {
		panic(allocator.Misuse(a, s, foreignBlock))
	}
	a.putDown()
	end := i + cap(s)
	if a.free.first(i, end) != end {
		panic(allocator.Misuse(a, s, freedTwice))
	}
	a.free.add(i, end)
	a.low = min(a.low, i/64)
	vacate(s, a.clears)
}

// putDown puts the value at hand, which it returns, among the others.
func (a *Slab[T]) putDown() (hand *T) {
	if hand = a.hand; hand != nil {
		i, _ := within(a.block, unsafe.Slice(hand, 1))
		a.free.put(i)
		a.low = min(a.low, i/64)
		a.hand = nil
	}
	return hand
}

// pickUp undoes putDown, for what fails and so changes nothing.
func (a *Slab[T]) pickUp(hand *T) {
	if hand != nil {
		i, _ := within(a.block, unsafe.Slice(hand, 1))
		a.free.take(i)
		a.hand = hand
	}
}
