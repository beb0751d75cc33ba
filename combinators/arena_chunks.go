package combinators

import (
	"errors"
	"slices"

	"github.com/heirloom-go/heirloom/allocator"
)

// vacateAll makes all chunks ready to be used again, or to be given back.
func (a *Arena[T]) vacateAll(clears bool) {
	c := &a.current
	vacateAll(c.block[:c.used:c.used], clears)
	c.used = 0
	for _, chunk := range a.full {
		vacateAll(chunk, clears)
	}
	a.spare = append(a.spare, a.full...)
	clear(a.full)
	a.full = a.full[:0]
}

// grow serves a request that the chunk in use has no room for.
func (a *Arena[T]) grow(n int) ([]T, error) {
	if needsNone[T](n) {
		return make([]T, n), nil
	}
	chunk, err := a.chunk(n)
	if err != nil {
		return nil, err
	}
	// Of the new chunk and the one in use, that with more room left is used
	// from now on.
	other := bump[T]{block: chunk, clears: a.current.clears}
	s, _ := other.take(n)
	if other.room() > a.current.room() {
		a.current, other = other, a.current
	}
	switch {
	case other.used != 0:
		a.full = append(a.full, other.block)
	case other.block != nil:
		a.spare = append(a.spare, other.block)
	}
	return s, nil
}

// chunk returns a chunk of at least n values.
func (a *Arena[T]) chunk(n int) ([]T, error) {
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	for i := len(a.spare) - 1; i >= 0; i-- {
		if s := a.spare[i]; len(s) >= n {
			a.spare = slices.Delete(a.spare, i, i+1)
			return s, nil
		}
	}
	size := a.can.goodSize(max(n, a.next))
	for {
		s, err := a.parent.Allocate(size)
		switch {
		case err == nil:
			if n <= a.next {
				a.next = 2 * size
			}
			return s, nil
		case size > n:
			size = max(n, size/2)
		case !errors.Is(err, allocator.ErrExhausted) || !a.giveBack():
			return nil, err
		}
	}
}

// giveBack gives the chunks that have no blocks back to the parent, and reports
// whether there were any.
func (a *Arena[T]) giveBack() bool {
	if a.current.used == 0 && a.current.block != nil {
		a.spare = append(a.spare, a.current.block)
		a.current.block = nil
	}
	given := len(a.spare) != 0
	for len(a.spare) != 0 {
		last := len(a.spare) - 1
		chunk := a.spare[last]
		a.spare[last] = nil
		a.spare = a.spare[:last] // first, as the parent may panic
		allocator.Reissue(chunk)
		a.parent.Deallocate(chunk)
	}
	return given
}
