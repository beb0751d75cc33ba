package combinators

import "github.com/heirloom-go/heirloom/allocator"

// passing is embedded by a combinator that hands out the blocks of its parent as
// they are, and has what the parent has. What a combinator does in another way,
// it has a method of its own for.
type passing[T any] struct {
	parent allocator.Allocator[T]
	can    capabilities[T]
}

// newPassing panics if there is no parent, for which it blames the constructor.
func newPassing[T any](parent allocator.Allocator[T], constructor string) passing[T] {
	return passing[T]{parent, capabilitiesOf(parent, constructor)}
}

// Deallocate gives s back to the parent.
func (a *passing[T]) Deallocate(s []T) { a.parent.Deallocate(s) }

// Owns reports whether the parent owns s.
func (a *passing[T]) Owns(s []T) bool { return a.can.owns(s) }

// Resize resizes s in place if the parent can.
func (a *passing[T]) Resize(s []T, n int) ([]T, bool) { return a.can.resize(s, n) }

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *passing[T]) Reset() { a.can.reset() }

// Trim trims the parent.
func (a *passing[T]) Trim() { a.can.trim() }

// GoodSize returns the parent's answer, and n if it has none.
func (a *passing[T]) GoodSize(n int) int { return a.can.goodSize(n) }

// Capable reports what the parent is capable of.
func (a *passing[T]) Capable(c allocator.Capability) bool {
	return a.can.capable(c) || c == allocator.CanZero && a.can.zeroes
}

// Parents implements [allocator.Composite].
func (a *passing[T]) Parents() []any { return []any{a.parent} }
