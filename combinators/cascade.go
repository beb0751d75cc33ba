package combinators

import "github.com/heirloom-go/heirloom/allocator"

// Cascade is a list of allocators that grows when all of them are exhausted.
//
// Use it to make an unbounded allocator out of bounded ones: a Cascade of
// [Slab] has the speed and the density of one slab and no limit.
//
// A request goes to the allocator that was used last, and if that fails to the
// others in the order of their last use, so it costs a call while there is
// room and one for each allocator of the list before the list grows. A release
// asks them in the same order which one owns the block, so each has to be an
// [allocator.Owner]: some ten nanoseconds for each that it asks in vain, so let the
// function make them larger and larger. An allocator of which no block is handed out is kept for
// later; of two such, the one that was used longer ago is trimmed and dropped.
// The Go heap is used only when the list grows, for its new entry.
//
// It is exhausted when a new allocator is, too, or when the function makes
// none and returns nil. Before it fails, it gives up the storage of the
// allocator that it keeps for later and asks the function once more.
//
// Nobody can tell who owns a block of a T of no size, because all of them may
// start at the same place. So a release of one may reach another allocator of
// the list that has handed some out, which matters to those that count, as for
// [Fallback].
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if a block is released that none of its allocators owns.
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

// NewCascade returns a Cascade of what grow makes: allocators that can serve a
// request for n values, or nil if there are to be no more. The first one is
// made at once, for one value. NewCascade panics if it cannot tell what it
// owns.
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
		a.first.next.can.reset()
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

// Capable reports whether Owns works, which it does, or Reset, which is so if
// it does for the allocators of the list, all of which are of one kind.
func (a *Cascade[T]) Capable(c allocator.Capability) bool { return a.first.can.capable(c) }

// String returns the expression that builds the allocator, with what the
// function makes in place of the function.
func (a *Cascade[T]) String() string { return "Cascade(" + allocator.Describe(a.first.parent) + ")" }
