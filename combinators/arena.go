package combinators

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Arena hands out chunks from their start to their end, and takes a larger
// chunk when one is full.
//
// Use it for what is needed together and is given up together, without a
// bound: the nodes of a tree, all that one request takes. Many values share an
// allocation of the parent, which is what makes it quicker than the Go heap.
//
// There are two ways to release all blocks at once. Reset gives the chunks
// back to the parent. If that is [allocator.Heap] nobody gets the storage
// again before the garbage collector has seen that no pointer to it is left,
// so a block that is used after Reset is a bug that harms nobody else. Reuse
// keeps the chunks and hands them out again, but a block that is used after
// Reuse is shared with its next owner. With Reuse the rounds soon allocate nothing,
// where after Reset the chunks are allocated, and collected, anew.
//
// A request costs a few nanoseconds whatever its size. A chunk that comes from
// the parent has twice the size of the one before, and less than that if the
// parent has only less. A block that is larger than the next chunk would be
// gets a chunk of its own. One block that is reachable keeps its whole chunk
// from being collected. Releasing the block that was handed out last makes its
// storage free again; releasing another clears it if T has pointers, and its
// storage is free with all the rest.
//
// It is exhausted when its parent is.
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if a block is released that lies in the free part of the chunk in
// use. Other misuse it cannot see.
type Arena[T any] struct {
	_       noCopy
	parent  allocator.Allocator[T]
	can     capabilities[T]
	current bump[T] // the chunk in use
	full    [][]T   // other chunks that have blocks
	spare   [][]T   // chunks that Reuse kept
	first   int     // values in the first chunk
	next    int     // values in the chunk that the parent is asked for next
}

// NewArena returns an Arena that takes chunks from parent, the first one with
// first values. It panics if first is less than 1.
func NewArena[T any](parent allocator.Allocator[T], first int) *Arena[T] {
	a := &Arena[T]{
		parent: parent,
		can:    capabilitiesOf(parent, "NewArena"),
		first:  first,
		next:   first,
	}
	a.current.clears = allocator.HasPointers[T]()
	if first < 1 {
		panic(fmt.Sprintf("combinators: NewArena: the first chunk has less than 1 value: %d", first))
	}
	return a
}

// Allocate returns the next n values of the chunk in use, or the first ones of
// another.
func (a *Arena[T]) Allocate(n int) ([]T, error) {
	s, ok := a.current.take(n)
	if !ok {
		return a.grow(n)
	}
	return s, nil
}

// Deallocate releases s.
func (a *Arena[T]) Deallocate(s []T) {
	if needsNone[T](cap(s)) {
		return
	}
	i, ok := within(a.current.block, s)
	if !ok {
		vacate(s, a.current.clears)
	} else if !a.current.release(s, i) {
		panic(allocator.Misuse(a, allocator.SameBlock, s, freedTwice))
	}
}

// Resize makes s smaller, or larger if it is the last block and there is room.
func (a *Arena[T]) Resize(s []T, n int) ([]T, bool) {
	if n < 1 || cap(s) == 0 {
		return nil, false
	}
	if i, ok := within(a.current.block, s); ok {
		return a.current.resize(s, i, n)
	}
	if n > cap(s) {
		return nil, false
	}
	vacate(s[n:cap(s)], a.current.clears)
	return s[:n:n], true
}

// Owns reports whether s starts inside a chunk. It looks through all of them.
func (a *Arena[T]) Owns(s []T) bool {
	ok := covers(a.current.block, s)
	for i := len(a.full) - 1; i >= 0 && !ok; i-- {
		ok = covers(a.full[i], s)
	}
	return ok
}

// Reset releases all blocks and gives the chunks back to the parent. What they
// point to can be collected.
func (a *Arena[T]) Reset() {
	a.vacateAll(false) // the parent clears what it gets back
	a.giveBack()
	a.next = a.first
}

// Reuse releases all blocks and keeps the chunks. What they point to can be
// collected.
func (a *Arena[T]) Reuse() { a.vacateAll(a.current.clears) }

// Trim gives the chunks that have no blocks back to the parent, and trims it.
func (a *Arena[T]) Trim() {
	a.giveBack()
	a.can.trim()
}

// String returns the expression that builds the allocator.
func (a *Arena[T]) String() string {
	return fmt.Sprintf("Arena(%s, %d)", allocator.Describe(a.parent), a.first)
}
