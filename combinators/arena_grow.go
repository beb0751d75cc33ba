package combinators

import (
	"errors"
	"math"

	"github.com/heirloom-go/heirloom/allocator"
)

// grow serves a request that the chunk in use has no room for.
func (a *Arena[T]) grow(n int) ([]T, error) {
	if needsNone[T](n) {
		return make([]T, n), nil
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	chunk := a.takeSpare(n)
	if chunk == nil && !a.extend(n, a.size(n)) {
		var err error
		if chunk, err = a.ask(n); err != nil && !a.extend(n, 0) {
			return nil, err
		}
	}
	if chunk == nil {
		s, _ := a.current.take(n)
		return s, nil
	}
	// Of the new chunk and the one in use, that with more room left is used
	// from now on; and the new one if that one is full, since its last block may grow.
	a.serial++
	other := bump[T]{block: chunk, serial: a.serial, clears: a.current.clears}
	s, _ := other.take(n)
	if other.room() > a.current.room() || a.current.room() == 0 {
		a.current, other = other, a.current
	}
	switch {
	case other.used != 0:
		a.older = append(a.older, other)
	case other.block != nil:
		a.spare = append(a.spare, other.block)
	}
	return s, nil
}

// ask takes a chunk of at least n values from the parent.
func (a *Arena[T]) ask(n int) ([]T, error) {
	want := a.size(n)
	size := a.can.goodSize(want)
	for {
		s, err := a.parent.Allocate(size)
		switch {
		case err == nil:
			s = s[:cap(s)]
			a.held += len(s)
			a.double(n, want, len(s))
			return s, nil
		case size > n:
			size = max(n, size/2)
		case !errors.Is(err, allocator.ErrExhausted) || !a.giveBack() && !a.relieve():
			return nil, err
		}
	}
}

// extend makes the chunk in use larger where it lies: by want values, but at
// least so that n more fit. It reports whether the parent could.
func (a *Arena[T]) extend(n, want int) bool {
	c := &a.current
	least := c.used + n
	if a.can.resizer == nil || c.block == nil || allocator.CheckSize[T](least) != nil {
		return false
	}
	s, ok := a.can.resizer.Resize(c.block, max(least, a.can.goodSize(len(c.block)+want)))
	if ok {
		s = s[:cap(s)]
		got := len(s) - len(c.block)
		a.held += got
		if want != 0 {
			a.double(n, want, got)
		}
		c.block = s
	}
	return ok
}

// size returns how many values to ask for when n are needed: twice as many as the
// last time, or fewer if that makes Keep values in all.
func (a *Arena[T]) size(n int) int {
	size := a.next
	if left := a.left(); left > 0 {
		size = min(size, left)
	}
	return max(n, size)
}

// double notes what a parent gave that was asked for want values, because n were
// needed.
func (a *Arena[T]) double(n, want, got int) {
	switch {
	case got < want:
		a.next = got // it has no more
	case want < a.next:
		return // Keep bounds the next one as well
	case n <= a.next:
		a.next = max(a.next, got)
	}
	a.next = 2 * min(a.next, math.MaxInt/4)
}

// relieve makes the arenas that share a limit with a give back what they can.
func (a *Arena[T]) relieve() bool { return a.shared != nil && a.shared.relieve() }
