package combinators

import "github.com/heirloom-go/heirloom/allocator"

// Zeroed hands out blocks of zeros.
//
// Use it over an allocator that keeps storage, where a program needs fresh
// values to be zero. Otherwise the contents of a fresh block are unspecified;
// for a T without pointers they are whatever the last owner left there.
//
// It clears each block, up to its capacity, when it is handed out. Over a
// parent whose blocks are already zero, such as [allocator.Heap] and
// [allocator.Pages], it costs nothing. It keeps no storage itself.
//
// It is exhausted when its parent is.
//
// It is safe for concurrent use if its parent is.
type Zeroed[T any] struct {
	passing[T]
}

// NewZeroed returns a Zeroed over parent.
func NewZeroed[T any](parent allocator.Allocator[T]) *Zeroed[T] {
	return &Zeroed[T]{newPassing(parent, "NewZeroed")}
}

// Allocate returns n zero values of the parent's storage.
func (a *Zeroed[T]) Allocate(n int) ([]T, error) {
	s, err := a.parent.Allocate(n)
	if err == nil && !a.can.zeroes {
		clear(s[:cap(s)]) // and not wipe, which may leave padding as it was
	}
	return s, err
}

// Resize resizes s in place if the parent can. The values after those of s are
// zero.
func (a *Zeroed[T]) Resize(s []T, n int) ([]T, bool) {
	r, ok := a.can.resize(s, n)
	if ok {
		clear(r[min(len(s), n):cap(r)])
	}
	return r, ok
}

// Capable reports what the parent is capable of, and that the blocks are zero.
func (a *Zeroed[T]) Capable(c allocator.Capability) bool {
	return c == allocator.CanZero || a.passing.Capable(c)
}

// String returns the expression that builds the allocator.
func (a *Zeroed[T]) String() string { return "Zeroed(" + allocator.Describe(a.parent) + ")" }
