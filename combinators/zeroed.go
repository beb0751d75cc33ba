package combinators

import "github.com/heirloom-go/heirloom/allocator"

// Zeroed hands out blocks of zeros.
//
// Use it over a block that keeps storage, where a program counts on values
// that nobody has written to being zero: the contents of a fresh block are
// unspecified otherwise, and for a T without pointers they are what its last
// owner left there.
//
// It costs the clearing of each block, when it is handed out, and nothing
// directly over [allocator.Heap], whose blocks are zero. It keeps no storage
// itself.
//
// It is exhausted when its parent is.
//
// As many goroutines may use it as may use its parent.
type Zeroed[T any] struct {
	parent allocator.Allocator[T]
	can    capabilities[T]
	zero   bool // what the parent gives is zero
}

// NewZeroed returns a Zeroed over parent.
func NewZeroed[T any](parent allocator.Allocator[T]) *Zeroed[T] {
	a := &Zeroed[T]{parent: parent, can: capabilitiesOf(parent, "NewZeroed")}
	_, a.zero = parent.(allocator.Heap[T])
	return a
}

// Allocate returns n zero values of the parent's storage.
func (a *Zeroed[T]) Allocate(n int) ([]T, error) {
	s, err := a.parent.Allocate(n)
	if err == nil && n != 0 && !a.zero {
		wipe(s)
	}
	return s, err
}

// Deallocate gives s back to the parent.
func (a *Zeroed[T]) Deallocate(s []T) { a.parent.Deallocate(s) }

// Owns reports whether the parent owns s.
func (a *Zeroed[T]) Owns(s []T) bool { return a.can.owns(s) }

// Resize resizes s in place if the parent can. What is added is zero.
func (a *Zeroed[T]) Resize(s []T, n int) ([]T, bool) {
	r, ok := a.can.resize(s, n)
	if ok && n > cap(s) {
		clear(r[cap(s):])
	}
	return r, ok
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Zeroed[T]) Reset() { a.can.reset() }

// Trim trims the parent.
func (a *Zeroed[T]) Trim() { a.can.trim() }

// GoodSize returns the parent's answer, and n if it has none.
func (a *Zeroed[T]) GoodSize(n int) int { return a.can.goodSize(n) }

// Capable reports whether Owns or Reset works, which is so if it does for the
// parent.
func (a *Zeroed[T]) Capable(c allocator.Capability) bool { return a.can.capable(c) }

// String returns the expression that builds the allocator.
func (a *Zeroed[T]) String() string { return "Zeroed(" + allocator.Describe(a.parent) + ")" }
