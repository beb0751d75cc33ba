package combinators

import (
	"slices"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// drop releases all blocks and gives the chunks back to the parent.
func (a *Arena[T]) drop(clears bool) {
	a.detachAll(clears)
	a.next = a.first
	a.giveBack()
}

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
	a.sortSpares()
	a.next = min(a.next, max(a.first, a.Keep))
	for a.held > a.Keep {
		a.giveBackLast()
	}
}

// sortSpares makes the largest spare chunk the last one, when there are no
// blocks.
func (a *Arena[T]) sortSpares() {
	a.spareCurrent()
	slices.SortFunc(a.spare, func(s, r []T) int { return len(s) - len(r) })
	if a.shared != nil {
		a.next = a.first
	}
}

// lastSpare returns the size of the last spare chunk in bytes.
func (a *Arena[T]) lastSpare() int {
	if len(a.spare) == 0 {
		return 0
	}
	s := a.spare[len(a.spare)-1]
	return len(s) * int(unsafe.Sizeof(*new(T)))
}

// left returns how many values more can be kept. If it is not positive, there is
// no limit to what can be, or it was reached.
func (a *Arena[T]) left() int {
	if a.shared != nil {
		return a.shared.left()
	}
	return a.Keep - a.held
}
