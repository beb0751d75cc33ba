package combinators

import (
	"fmt"
	"math/bits"

	"github.com/heirloom-go/heirloom/allocator"
)

// Buddy hands out parts of one block, in sizes that are powers of two. It
// halves a free part until it fits, and joins two halves again when both are
// free.
//
// Use it for blocks of very different sizes that are released in any order,
// with a hard bound on all of them. Storage does not stay in small pieces,
// because a released part is joined at once with a free neighbour of its size.
//
// A block takes the smallest size, or twice that, or four times, and so on. Up
// to half of it is room that was not asked for; append can use it, and GoodSize
// returns the size. A request costs some tens of nanoseconds, and more for a
// larger capacity. The block that is divided comes from the parent with the
// first request. The bitmaps are on the Go heap, with less than four bits for
// each smallest block. Trim gives the block back while nothing is handed out.
// Resize works within the size that a block takes.
//
// It is exhausted when no free part is large enough, or when the parent does
// not provide its block.
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if a released block is already free, is not from this Buddy, or has
// a capacity of another size.
type Buddy[T any] struct {
	_ noCopy
	backing[T]
	block  []T
	shift  int // the smallest block has 1<<shift values
	orders []order
	some   uint // bit k is set if order k has a free block
	used   int  // blocks handed out
}

// NewBuddy returns a Buddy of capacity values that takes their storage from
// parent and divides it down to blocks of smallest values. It panics if
// capacity is negative or smallest is not a power of two. A remainder of
// capacity divided by smallest is not used.
func NewBuddy[T any](parent allocator.Allocator[T], capacity, smallest int) *Buddy[T] {
	a := &Buddy[T]{backing: newBacking(parent, capacity, "NewBuddy")}
	if smallest < 1 || smallest&(smallest-1) != 0 {
		panic(fmt.Sprintf("combinators: NewBuddy: the smallest block is not a power of two: %d", smallest))
	}
	a.shift = bits.TrailingZeros(uint(smallest))
	return a
}

// Allocate takes the smallest free part that is large enough for n values, and
// halves it while it stays large enough.
func (a *Buddy[T]) Allocate(n int) ([]T, error) {
	if needsNone[T](n) {
		return make([]T, n), nil
	}
	k := a.orderOf(n)
	if n > 0 && k >= a.sizes() {
		return nil, allocator.ErrTooLarge // before anything is taken
	}
	if err := a.open(&a.block, n); err != nil {
		return nil, err
	}
	if a.orders == nil {
		a.divide()
	}
	if a.some>>k == 0 {
		return nil, allocator.ErrExhausted
	}
	from := k + bits.TrailingZeros(a.some>>k)
	o := &a.orders[from]
	o.low = o.free.first(o.low, 64*len(o.free))
	at := o.low
	a.remove(from, at)
	for from > k {
		from--
		at *= 2
		a.add(from, at+1)
	}
	a.orders[k].taken.put(at)
	a.used++
	i := at << (k + a.shift)
	end := i + 1<<(k+a.shift)
	if n == 1 {
		end = i + 1
	}
	s := a.block[i : i+n : end]
	allocator.Reissue(s)
	return s, nil
}

// Deallocate releases s and joins it with its other half, if that is free.
func (a *Buddy[T]) Deallocate(s []T) {
	if needsNone[T](cap(s)) {
		return
	}
	i, ok := within(a.block, s)
	if !ok {
		panic(allocator.Misuse(a, s, foreignBlock))
	}
	k := a.orderOf(cap(s))
	at := i >> (k + a.shift)
	if i != at<<(k+a.shift) || k >= len(a.orders) || !a.orders[k].taken.has(at) {
		panic(allocator.Misuse(a, s, "released twice, or in another size than it was handed out in"+grown))
	}
	a.orders[k].taken.take(at)
	a.used--
	end := i + 1<<(k+a.shift)
	vacate(a.block[i:end:end], a.clears) // s may have been cut
	for a.orders[k].free.has(at ^ 1) {
		a.remove(k, at^1)
		at /= 2
		k++
	}
	a.add(k, at)
}

// Resize makes s smaller or larger within the size that it takes.
func (a *Buddy[T]) Resize(s []T, n int) ([]T, bool) {
	i, ok := within(a.block, s)
	k := a.orderOf(cap(s))
	if !ok || cap(s) == 0 || a.orderOf(n) != k {
		return nil, false
	}
	if at := i >> (k + a.shift); i != at<<(k+a.shift) || k >= len(a.orders) || !a.orders[k].taken.has(at) {
		panic(allocator.Misuse(a, s, resizedFree))
	}
	end := i + 1<<(k+a.shift)
	if a.clears && n < cap(s) {
		clear(s[n:cap(s)])
	}
	return reissued(a.block[i : i+n : end])
}

// Owns reports whether s starts inside the block.
func (a *Buddy[T]) Owns(s []T) bool { return covers(a.block, s) }

// Reset releases all blocks and keeps the storage.
func (a *Buddy[T]) Reset() {
	vacateAll(a.block, a.clears)
	if a.orders != nil {
		a.divide()
	}
}

// Trim gives the block back to the parent if no part of it is handed out, and
// trims the parent.
func (a *Buddy[T]) Trim() {
	if a.used == 0 {
		a.close(&a.block)
		a.orders = nil
	}
	a.can.trim()
}

// GoodSize returns the number of values that a block for n takes, and n if there is no
// such block.
func (a *Buddy[T]) GoodSize(n int) int {
	k := a.orderOf(n)
	if k >= a.sizes() { // or n is less than 1
		return n
	}
	return 1 << (k + a.shift)
}

// Parents implements [allocator.Composite].
func (a *Buddy[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *Buddy[T]) String() string {
	return fmt.Sprintf("Buddy(%s, %d, %d)", allocator.Describe(a.parent), a.capacity, 1<<a.shift)
}

// sizes returns how many sizes of blocks there are.
func (a *Buddy[T]) sizes() int { return bits.Len(uint(a.capacity >> a.shift)) }

// orderOf returns the order of a block of n values, and a larger one than there is for
// n < 1.
func (a *Buddy[T]) orderOf(n int) int { return bits.Len(uint(n-1) >> a.shift) }
