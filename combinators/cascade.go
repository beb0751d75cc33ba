package combinators

import "github.com/heirloom-go/heirloom/allocator"

// Cascade is a list of allocators that grows when all of them are exhausted.
//
// Use it to make an unbounded allocator out of bounded ones: a Cascade of Slabs is as dense
// as one slab, and has no limit.
//
// A request goes to the allocator that was used last. If that fails, it goes to the others,
// the most recently used first. So a request costs one call while there is room, and one
// for each allocator in the list before the list grows.
//
// A release asks the allocators in the same order whether they own the block, so each must
// be an [allocator.Owner]. That costs about ten nanoseconds for each one asked in vain, so
// let the function make them larger and larger. One allocator without live blocks is kept
// for later. Of two such, the one that was used longer ago is trimmed and dropped. The Go
// heap is used only when the list grows, for its new entry.
//
// It is exhausted when a new allocator is exhausted too, or when the function returns nil.
// Before it fails, it gives up the storage of the allocator that it keeps for later, and
// calls the function once more.
//
// Nothing can tell who owns a block of a zero-size T, because all of these may start at the
// same address. So the release of one may reach another allocator of the list that has
// handed some out. This matters to allocators that count, as with [Fallback].
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if none of its allocators owns a released block.
type Cascade[T any] struct {
	_     noCopy
	grow  func(n int) allocator.Allocator[T]
	first *child[T] // the child that was used last
	empty *child[T] // the child with no block handed out, if there is one

	// refused are new children that could not serve the request that they were
	// made for, the latest last. They are tried again for one of that size and
	// no other, so that to fail again costs no allocation.
	refused []*child[T]
}

const maxRefused = 8

// A child is one allocator of a [Cascade].
type child[T any] struct {
	parent allocator.Allocator[T]
	live   int // blocks that are handed out
	can    capabilities[T]
	size   int // the request that it was made for
	next   *child[T]
}

// NewCascade returns a Cascade of the allocators that grow makes. Each must be
// able to serve a request for n values; grow returns nil to stop the growth.
// The first allocator is made at once, for one value. NewCascade panics if it
// cannot tell what it owns; later allocators are checked when they are made.
func NewCascade[T any](grow func(n int) allocator.Allocator[T]) *Cascade[T] {
	if grow == nil {
		panic("combinators: NewCascade: the function that makes the allocators is nil")
	}
	a := &Cascade[T]{grow: grow}
	a.first = a.make(1)
	if a.first == nil {
		panic("combinators: NewCascade: the parent is nil")
	}
	a.empty = a.first
	return a
}

// Allocate asks the allocators of the list for n values, and then a new one.
func (a *Cascade[T]) Allocate(n int) ([]T, error) {
	c := a.first
	s, err := c.parent.Allocate(n)
	if err != nil || n == 0 {
		return a.miss(n, s, err)
	}
	a.took(c)
	return s, nil
}

// Deallocate gives s back to the allocator that owns it.
func (a *Cascade[T]) Deallocate(s []T) {
	c := a.first
	if c.live == 0 || !c.can.owner.Owns(s) {
		if c = a.find(s); c == nil {
			return
		}
	}
	c.parent.Deallocate(s)
	if c.live--; c.live == 0 {
		if a.empty != nil {
			a.drop(a.empty)
		}
		a.empty = c
	}
}

// Owns reports whether one of the allocators owns s.
func (a *Cascade[T]) Owns(s []T) bool {
	for c := a.first; c != nil; c = c.next {
		if c.can.owner.Owns(s) {
			return true
		}
	}
	return false
}

// Resize resizes s in place if the allocator that owns it can.
func (a *Cascade[T]) Resize(s []T, n int) ([]T, bool) {
	if c := a.owner(s); c != nil {
		return c.can.resize(s, n)
	}
	return nil, false
}

// Reset releases all blocks and drops all allocators but one. It panics if one
// of them cannot be reset.
func (a *Cascade[T]) Reset() {
	for c := a.first; c != nil; c = c.next {
		if c.can.resetter == nil {
			c.can.reset()
		}
	}
	a.first.can.reset()
	a.first.live = 0
	a.empty = a.first
	for a.first.next != nil {
		a.drop(a.first.next)
	}
}

// Trim drops the allocator that is kept for later, unless it is the only one,
// and trims the others.
func (a *Cascade[T]) Trim() {
	if a.first.next != nil {
		a.dropEmpty()
	}
	for c := a.first; c != nil; c = c.next {
		c.can.trim()
	}
}

// GoodSize returns the answer of the allocator that was used last.
func (a *Cascade[T]) GoodSize(n int) int { return a.first.can.goodSize(n) }

// Capable implements [allocator.Conditional]. Owns always works. Reset works if
// it does for the allocator that was used last: all of them should be of one
// kind.
func (a *Cascade[T]) Capable(c allocator.Capability) bool { return a.first.can.capable(c) }

// String returns the expression that builds the allocator, with what the
// function makes in place of the function.
func (a *Cascade[T]) String() string { return "Cascade(" + allocator.Describe(a.first.parent) + ")" }
