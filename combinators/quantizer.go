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
// Use it to make sizes alike: buffers in multiples of a page, or powers of two
// over a cache that needs equal sizes. A slice that grows step by step is
// resized in place until it reaches the next size.
//
// It costs a call of the function for each request, except for sizes below 64,
// whose results it remembers. Rounding leaves room that was not asked for,
// which append can fill. A single value is not rounded. It keeps no storage
// itself.
//
// It is exhausted when its parent is, for a request of the larger size.
//
// It is safe for concurrent use if its parent is.
type Quantizer[T any] struct {
	passing[T]
	round  func(n int) int
	known  [64]int // what it returns for these
	name   string
	clears bool
}

// NewQuantizer returns a Quantizer that asks parent for round(n) values when it
// is asked for n. For n ≥ 1, round(n) must be at least n, must not decrease as
// n grows, and must always be the same. NewQuantizer tries small n and values
// around powers of two, and panics if round breaks these rules.
func NewQuantizer[T any](parent allocator.Allocator[T], round func(n int) int) *Quantizer[T] {
	if round == nil {
		panic("combinators: NewQuantizer: the function that rounds is nil")
	}
	a := &Quantizer[T]{
		passing: newPassing(parent, "NewQuantizer"),
		round:   round,
		name:    path.Base(runtime.FuncForPC(reflect.ValueOf(round).Pointer()).Name()),
		clears:  allocator.HasPointers[T](),
	}
	var previous int
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
		if n == 1 || needsNone[T](n) {
			a.known[n] = n
		}
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
	case uint(n) < uint(len(a.known)): // what size does, without a call
		size = a.known[n]
	case needsNone[T](n):
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
	return s[:n], nil
}

// Resize makes s longer or shorter in place, if the new size is rounded to the
// same one, or if the parent can.
func (a *Quantizer[T]) Resize(s []T, n int) ([]T, bool) {
	if cap(s) == 0 || n < 1 || allocator.CheckSize[T](n) != nil {
		return nil, false
	}
	size, whole := a.size(n), s
	if size != a.size(cap(s)) || n > cap(s) {
		var ok bool
		if whole, ok = a.can.resize(s, size); !ok {
			return nil, false
		}
	}
	if a.clears && n < cap(s) {
		clear(whole[n:min(cap(whole), cap(s))])
	}
	return whole[:n], true
}

// GoodSize returns the parent's answer for n, rounded up.
func (a *Quantizer[T]) GoodSize(n int) int {
	if allocator.CheckSize[T](n) == nil {
		n = a.size(n)
	}
	return a.can.goodSize(n)
}

// String returns the expression that builds the allocator, with the function's
// name.
func (a *Quantizer[T]) String() string {
	return fmt.Sprintf("Quantizer(%s, %s)", allocator.Describe(a.parent), a.name)
}

// size rounds n, which is not negative, up.
func (a *Quantizer[T]) size(n int) int {
	switch {
	case needsNone[T](n):
		return n
	case n < len(a.known):
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
