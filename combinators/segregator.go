package combinators

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Segregator sends small requests to one allocator and large ones to another.
//
// Use it where sizes need different treatment: small buffers from a cache, large ones
// from the Go heap. For more than two ranges, nest it: Segregator(a, Segregator(b, c,
// 4096), 128).
//
// It costs one comparison for each call. A release goes by the capacity of the block,
// so the parents need not know what they own. For the same reason Resize does not
// take a block across the threshold. And if small rounds a request up to more than
// the threshold, the block is given back and large is asked. It keeps no storage
// itself.
//
// It is exhausted when the parent for the requested size is. If small can never serve
// a certain size within the threshold, the error is [allocator.ErrTooLarge], though
// larger requests succeed. An allocator above, such as a [SingleSlot], may serve that
// size all the same once it has a larger block.
//
// It is safe for concurrent use if both of its parents are.
type Segregator[T any] struct {
	small, large       allocator.Allocator[T]
	canSmall, canLarge capabilities[T]
	threshold          int
}

// NewSegregator returns a Segregator that sends requests for at most threshold
// values to small, and larger ones to large. It panics if threshold is
// negative.
func NewSegregator[T any](small, large allocator.Allocator[T], threshold int) *Segregator[T] {
	a := &Segregator[T]{
		small: small, large: large,
		canSmall:  capabilitiesOf(small, "NewSegregator"),
		canLarge:  capabilitiesOf(large, "NewSegregator"),
		threshold: threshold,
	}
	if threshold < 0 {
		panic(fmt.Sprintf("combinators: NewSegregator: the threshold is negative: %d", threshold))
	}
	return a
}

// Allocate asks the parent for requests of this size for n values.
func (a *Segregator[T]) Allocate(n int) ([]T, error) {
	if n > a.threshold {
		return a.large.Allocate(n)
	}
	s, err := a.small.Allocate(n)
	if cap(s) <= a.threshold {
		return s, err
	}
	return a.larger(s, n)
}

// Deallocate gives s back to the parent for blocks of its size.
func (a *Segregator[T]) Deallocate(s []T) {
	parent := a.large
	if cap(s) <= a.threshold {
		parent = a.small
	}
	parent.Deallocate(s)
}

// Owns reports whether one of the parents owns s. It does not go by the size,
// because an allocator above that keeps storage may ask with a part of a block.
func (a *Segregator[T]) Owns(s []T) bool { return a.canSmall.owns(s) || a.canLarge.owns(s) }

// Resize resizes s in place if its parent can, and if the new size is on the
// same side of the threshold.
func (a *Segregator[T]) Resize(s []T, n int) ([]T, bool) {
	can := a.can(cap(s))
	if can != a.can(n) || can == &a.canSmall && can.goodSize(n) > a.threshold {
		return nil, false
	}
	return can.resize(s, n)
}

// Reset releases all blocks. It panics if one of the parents cannot be reset.
func (a *Segregator[T]) Reset() { resetBoth(&a.canSmall, &a.canLarge) }

// Trim trims both parents.
func (a *Segregator[T]) Trim() {
	a.canSmall.trim()
	a.canLarge.trim()
}

// GoodSize returns the answer of the parent for requests of this size.
func (a *Segregator[T]) GoodSize(n int) int {
	size := a.can(n).goodSize(n)
	if n <= a.threshold && size > a.threshold {
		return a.canLarge.goodSize(a.threshold + 1) // see larger
	}
	return size
}

// Capable implements [allocator.Conditional]. Owns and Reset work if they do
// for both parents.
func (a *Segregator[T]) Capable(c allocator.Capability) bool {
	return a.canSmall.capable(c) && a.canLarge.capable(c)
}

// Parents implements [allocator.Composite].
func (a *Segregator[T]) Parents() []any { return []any{a.small, a.large} }

// String returns the expression that builds the allocator.
func (a *Segregator[T]) String() string {
	return fmt.Sprintf("Segregator(%s, %s, %d)", allocator.Describe(a.small), allocator.Describe(a.large), a.threshold)
}

// can returns what the parent for n values can do.
func (a *Segregator[T]) can(n int) *capabilities[T] {
	if n <= a.threshold {
		return &a.canSmall
	}
	return &a.canLarge
}

// larger serves a request for n values from large, after small gave s for it, which
// has so much room that it would be taken for a block of large when it is released.
// If large has none, small may have a block of its size once it has given up s.
func (a *Segregator[T]) larger(s []T, n int) ([]T, error) {
	a.small.Deallocate(s)
	s, err := a.large.Allocate(a.threshold + 1) // and this one not for a block of small
	if err == nil {
		return s[:n], nil
	}
	a.canSmall.trim()
	if s, again := a.small.Allocate(n); again == nil {
		if cap(s) <= a.threshold {
			return s, nil
		}
		a.small.Deallocate(s)
	}
	return nil, err
}
