package combinators

import (
	"slices"

	"github.com/heirloom-go/heirloom/allocator"
)

// giveBack gives the chunks that have no blocks back to the parent, and reports
// whether there were any.
func (a *Arena[T]) giveBack() bool {
	a.spareCurrent()
	given := len(a.spare) != 0
	for len(a.spare) != 0 {
		a.giveBackLast()
	}
	return given
}

// spareCurrent makes the chunk in use a spare one if it has no blocks.
func (a *Arena[T]) spareCurrent() {
	if a.current.used == 0 && a.current.block != nil {
		a.spare = append(a.spare, a.current.block)
		a.current = bump[T]{clears: a.current.clears}
	}
}

// giveBackLast gives the last spare chunk back to the parent. The parent may
// panic, so it comes last.
func (a *Arena[T]) giveBackLast() {
	last := len(a.spare) - 1
	chunk := a.spare[last]
	a.spare[last] = nil
	a.spare = a.spare[:last]
	a.held -= len(chunk)
	allocator.Reissue(chunk)
	a.parent.Deallocate(chunk)
}

// keepLess gives the largest chunks back until no more than Keep are left.
func (a *Arena[T]) keepLess() {
	a.spareCurrent()
	a.next = min(a.next, max(a.first, a.Keep))
	slices.SortFunc(a.spare, func(s, r []T) int { return len(s) - len(r) })
	for a.held > a.Keep {
		a.giveBackLast()
	}
}
