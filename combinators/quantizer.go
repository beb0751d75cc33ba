package combinators

import (
	"fmt"
	"path"
	"reflect"
	"runtime"

	"github.com/heirloom-go/heirloom/allocator"
)

// Quantizer rounds requests up, so that its parent sees fewer sizes.
//
// Use it to make blocks fit each other: buffers in multiples of a page, or
// sizes in powers of two over a cache that wants equal ones. A slice that grows
// by and by is resized in place until it reaches the next size.
//
// It costs a call of the function for a request and one for a release, except for
// sizes below 64, of which it remembers what the function returned, and the room
// that rounding leaves. It keeps no storage itself.
//
// It is exhausted when its parent is, asked for the larger size.
//
// As many goroutines may use it as may use its parent.
//
// It takes the size of a block from its capacity, so if a block of another allocator
// is released, the parent gets more than that block.
type Quantizer[T any] struct {
	parent allocator.Allocator[T]
	can    capabilities[T]
	round  func(n int) int
	known  [64]int // what it returns for these
	name   string
	clears bool
}

// NewQuantizer returns a Quantizer that asks parent for round(n) values when it
// is asked for n. For n of at least 1, round has to return n or more, never
// less for a larger n, and always the same; it is tried for small n and round
// powers of two. NewQuantizer panics if it does not.
func NewQuantizer[T any](parent allocator.Allocator[T], round func(n int) int) *Quantizer[T] {
	a := &Quantizer[T]{
		parent: parent,
		can:    capabilitiesOf(parent, "NewQuantizer"),
		round:  round,
		name:   path.Base(runtime.FuncForPC(reflect.ValueOf(round).Pointer()).Name()),
		clears: allocator.HasPointers[T](),
	}
	previous := 0
	try := func(n int) {
		size := a.rounded(n)
		if size < previous {
			panic(fmt.Sprintf("combinators: %v cannot work: it rounds %d to %d, and less to %d", a, n, size, previous))
		}
		previous = size
	}
	for n := 1; n < len(a.known); n++ {
		try(n)
		a.known[n] = previous
	}
	for n := 64; n <= 1<<24; n *= 2 {
		try(n - 1)
		try(n)
		try(n + 1)
	}
	return a
}

// Allocate asks the parent for n values, rounded up.
func (a *Quantizer[T]) Allocate(n int) ([]T, error) {
	size := n
	switch {
	case needsNone[T](n):
		return a.parent.Allocate(n)
	case uint(n) < uint(len(a.known)): // what size does, without a call
		size = a.known[n]
	default:
		if err := allocator.CheckSize[T](n); err != nil {
			return nil, err
		}
		size = a.size(n)
	}
	s, err := a.parent.Allocate(size)
	if err != nil {
		return nil, err
	}
	return s[:n:n], nil
}

// Deallocate gives s back to the parent, as large as that gave it.
func (a *Quantizer[T]) Deallocate(s []T) {
	if n := cap(s); n < len(a.known) && !needsNone[T](n) {
		s = extend(s, a.known[n])
	} else {
		s = a.whole(s)
	}
	a.parent.Deallocate(s)
}

// Owns reports whether the parent owns s.
func (a *Quantizer[T]) Owns(s []T) bool { return a.can.owns(s) }

// Resize makes s longer or shorter where it lies if it is rounded to the same
// size then, or if the parent can.
func (a *Quantizer[T]) Resize(s []T, n int) ([]T, bool) {
	if cap(s) == 0 || n < 1 || allocator.CheckSize[T](n) != nil {
		return nil, false
	}
	whole := a.whole(s)
	size := n
	if !needsNone[T](n) {
		size = a.size(n)
	}
	if size != cap(whole) {
		var ok bool
		if whole, ok = a.can.resize(whole, size); !ok {
			return nil, false
		}
	}
	if a.clears && n < cap(s) {
		clear(whole[n:min(size, cap(s))])
	}
	return whole[:n:n], true
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Quantizer[T]) Reset() { a.can.reset() }

// Trim trims the parent.
func (a *Quantizer[T]) Trim() { a.can.trim() }

// GoodSize returns n, rounded up, or what the parent needs for that.
func (a *Quantizer[T]) GoodSize(n int) int {
	if n > 0 && allocator.CheckSize[T](n) == nil && !needsNone[T](n) {
		n = a.size(n)
	}
	return a.can.goodSize(n)
}

// Capable reports whether Owns or Reset works, which is so if it does for the
// parent.
func (a *Quantizer[T]) Capable(c allocator.Capability) bool { return a.can.capable(c) }

// String returns the expression that builds the allocator, with the function's
// name.
func (a *Quantizer[T]) String() string {
	return fmt.Sprintf("Quantizer(%s, %s)", allocator.Describe(a.parent), a.name)
}

// size rounds n, of at least 1, up.
func (a *Quantizer[T]) size(n int) int {
	if n < len(a.known) && a.known[n] != 0 {
		return a.known[n]
	}
	return a.rounded(n)
}

func (a *Quantizer[T]) rounded(n int) int {
	size := a.round(n)
	if size < n {
		panic(fmt.Sprintf("combinators: %v cannot work: it rounds %d to %d", a, n, size))
	}
	return size
}

// whole returns the block of the parent that s is the start of.
func (a *Quantizer[T]) whole(s []T) []T {
	if needsNone[T](cap(s)) {
		return s
	}
	return extend(s, a.size(cap(s)))
}
