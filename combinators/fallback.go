package combinators

import (
	"errors"
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Fallback asks one allocator and, if that fails, another.
//
// Use it to go beyond a bound: over a [Slab] or a [Region], with the Go heap
// behind it. For more than two allocators, nest it: Fallback(a, Fallback(b,
// c)).
//
// A request that the primary serves costs one more call; a request that it
// refuses costs both. A release asks the primary whether it owns the block. So
// the primary must be an [allocator.Owner], and one that has to search makes
// releases slow. Fallback keeps no storage itself.
//
// Nothing can tell who owns a block of a zero-size T, because all of these may
// start at the same address. So the release of one may reach the wrong parent.
// That is harmless, since such blocks take no storage; but a [Stats] there
// counts wrongly, and a [Limit] may panic.
//
// It is exhausted when both are. If one of them may serve the request later,
// the error is [allocator.ErrExhausted], and otherwise that of the secondary.
//
// It is safe for concurrent use if both of its parents are.
type Fallback[T any] struct {
	primary, secondary allocator.Allocator[T]
	first, second      capabilities[T]
}

// NewFallback returns a Fallback from primary to secondary. It panics if
// primary cannot tell what it owns.
func NewFallback[T any](primary, secondary allocator.Allocator[T]) *Fallback[T] {
	a := &Fallback[T]{
		primary: primary, secondary: secondary,
		first:  capabilitiesOf(primary, "NewFallback"),
		second: capabilitiesOf(secondary, "NewFallback"),
	}
	if a.first.owner == nil {
		panic(fmt.Sprintf("combinators: %v cannot work: %s cannot tell which blocks are its own", a, allocator.Describe(primary)))
	}
	return a
}

// Allocate asks the primary and then the secondary for n values.
func (a *Fallback[T]) Allocate(n int) ([]T, error) {
	s, err := a.primary.Allocate(n)
	if err == nil {
		return s, nil
	}
	s, second := a.secondary.Allocate(n)
	if second != nil && errors.Is(second, allocator.ErrTooLarge) && errors.Is(err, allocator.ErrExhausted) {
		return nil, err
	}
	return s, second
}

// Deallocate gives s back to the primary if that owns it, and otherwise to the
// secondary.
func (a *Fallback[T]) Deallocate(s []T) {
	switch {
	case cap(s) == 0:
	case a.first.owner.Owns(s):
		a.primary.Deallocate(s)
	default:
		a.secondary.Deallocate(s)
	}
}

// Owns reports whether one of the two owns s.
func (a *Fallback[T]) Owns(s []T) bool { return a.first.owner.Owns(s) || a.second.owns(s) }

// Resize resizes s in place if the allocator that gave it can.
func (a *Fallback[T]) Resize(s []T, n int) ([]T, bool) {
	if a.first.owner.Owns(s) {
		return a.first.resize(s, n)
	}
	return a.second.resize(s, n)
}

// Reset releases all blocks. It panics if one of the two cannot be reset.
func (a *Fallback[T]) Reset() { resetBoth(&a.first, &a.second) }

// Trim trims both.
func (a *Fallback[T]) Trim() {
	a.first.trim()
	a.second.trim()
}

// GoodSize returns the answer of the primary.
func (a *Fallback[T]) GoodSize(n int) int { return a.first.goodSize(n) }

// Capable implements [allocator.Conditional]. Owns and Reset work if they do
// for both parents.
func (a *Fallback[T]) Capable(c allocator.Capability) bool {
	return a.first.capable(c) && a.second.capable(c)
}

// Parents implements [allocator.Composite].
func (a *Fallback[T]) Parents() []any { return []any{a.primary, a.secondary} }

// String returns the expression that builds the allocator.
func (a *Fallback[T]) String() string {
	return fmt.Sprintf("Fallback(%s, %s)", allocator.Describe(a.primary), allocator.Describe(a.secondary))
}

// resetBoth resets two parents, or neither.
func resetBoth[T any](first, second *capabilities[T]) {
	if first.resetter == nil {
		first, second = second, first
	}
	second.reset()
	first.reset()
}
