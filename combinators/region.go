package combinators

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Region hands out the values of one block from its start to its end.
//
// Use it for values that are needed together and released together, with a hard
// bound: everything that one request, one frame or one parse needs. Mark and
// Rewind release the blocks handed out in between, and Reset releases all.
//
// A request costs a few nanoseconds, whatever its size. The block comes from
// the parent with the first request, and Trim gives it back while the region is
// empty. Releasing the last block makes its storage free again; then the block
// before it is the last. Releasing any other block clears it if T has pointers,
// and its storage becomes free with a Rewind or Reset. Resize makes any block
// smaller, and the last one larger. A mark takes four words on the Go heap
// until it is void.
//
// It is exhausted when less is left than the request needs, or when the parent
// does not provide its block.
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if a released or resized block is already free, if a released block
// is not from this region, and if it is rewound to a void mark. A block that is
// used after a Rewind or Reset has released it is shared with the next owner of
// its storage. Where that cannot be ruled out, use an [Arena]: its Reset never
// hands the same storage out again.
type Region[T any] struct {
	_ noCopy
	backing[T]
	bump  bump[T]
	marks marks
}

// NewRegion returns a Region of capacity values that takes their storage from
// parent. It panics if capacity is negative.
func NewRegion[T any](parent allocator.Allocator[T], capacity int) *Region[T] {
	a := &Region[T]{backing: newBacking(parent, capacity, "NewRegion")}
	a.bump.clears = a.clears
	return a
}

// Allocate returns the next n values.
func (a *Region[T]) Allocate(n int) ([]T, error) {
	s, ok := a.bump.take(n)
	if !ok {
		return a.first(n)
	}
	return s, nil
}

// Deallocate releases s.
func (a *Region[T]) Deallocate(s []T) {
	if needsNone[T](cap(s)) {
		return
	}
	i, ok := within(a.bump.block, s)
	if !ok {
		panic(allocator.Misuse(a, s, foreignBlock))
	}
	if !a.bump.release(s, i) {
		a.void(s)
	}
}

// Resize makes s smaller, or larger if it is the last block and there is room.
func (a *Region[T]) Resize(s []T, n int) ([]T, bool) {
	i, ok := within(a.bump.block, s)
	if !ok || cap(s) == 0 {
		return nil, false
	}
	if a.bump.isFree(s, i) {
		panic(allocator.Misuse(a, s, resizedFree))
	}
	used := a.bump.used
	r, ok := a.bump.resize(s, i, n)
	if a.bump.used != used && i < a.bump.marked {
		a.bump.marked = a.marks.void(0, i)
	}
	return r, ok
}

// Owns reports whether s starts inside the block.
func (a *Region[T]) Owns(s []T) bool { return covers(a.bump.block, s) }

// Mark returns the current state, for Rewind.
func (a *Region[T]) Mark() Mark {
	if a.bump.used == 0 {
		return Mark{owner: a}
	}
	a.bump.marked = a.bump.used
	return a.marks.mark(a, state{used: a.bump.used})
}

// Rewind releases all blocks that were handed out since m was taken. All later
// marks become void. A mark also becomes void when the block that was the last
// one when it was taken is released, or is resized while it is the last one.
// Rewind panics if m is void.
func (a *Region[T]) Rewind(m Mark) {
	s, ok := a.marks.find(a, m)
	if !ok {
		panicVoid(a)
	}
	a.marks.cut(m)
	a.bump.rewind(s.used)
	a.bump.marked = s.used
}

// Reset releases all blocks and keeps the storage. Every mark is void then,
// except one of the empty region.
func (a *Region[T]) Reset() { a.Rewind(Mark{}) }

// Trim gives the block back to the parent if no part of it is handed out, and
// trims the parent.
func (a *Region[T]) Trim() {
	if a.bump.used == 0 {
		a.close(&a.bump.block)
	}
	a.can.trim()
}

// Parents implements [allocator.Composite].
func (a *Region[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *Region[T]) String() string {
	return fmt.Sprintf("Region(%s, %d)", allocator.Describe(a.parent), a.capacity)
}

// void makes marks void after the release of s, if it was handed out.
func (a *Region[T]) void(s []T) {
	if a.bump.used >= a.bump.marked {
		panic(allocator.Misuse(a, s, freedTwice))
	}
	a.bump.marked = a.marks.void(0, a.bump.used)
}

// first serves what take cannot: the first request, and those that fail.
func (a *Region[T]) first(n int) ([]T, error) {
	if needsNone[T](n) {
		return make([]T, n), nil
	}
	if err := a.open(&a.bump.block, n); err != nil {
		return nil, err
	}
	s, ok := a.bump.take(n)
	if !ok {
		return nil, allocator.ErrExhausted
	}
	return s, nil
}
