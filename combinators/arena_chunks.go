package combinators

import (
	"slices"

	"github.com/heirloom-go/heirloom/allocator"
)

// find returns the chunk that s is in and which value of it s starts at. It is
// nil if s is in none that has blocks.
func (a *Arena[T]) find(s []T) (c *bump[T], i int) {
	if i, ok := within(a.current.block, s); ok {
		return &a.current, i
	}
	for k := len(a.older) - 1; k >= 0; k-- {
		if i, ok := within(a.older[k].block, s); ok {
			return &a.older[k], i
		}
	}
	return nil, 0
}

// isSpare reports whether s is in a chunk that has no blocks.
func (a *Arena[T]) isSpare(s []T) bool {
	return slices.ContainsFunc(a.spare, func(chunk []T) bool { return covers(chunk, s) })
}

// releaseOlder takes back a block that is not in the chunk in use.
func (a *Arena[T]) releaseOlder(s []T) {
	c, i := a.find(s)
	if c == nil {
		problem := foreignBlock
		if a.isSpare(s) {
			problem = freedTwice
		}
		panic(allocator.Misuse(a, s, problem))
	}
	if !c.release(s, i) {
		a.released(c, s)
	}
	if c.used == 0 {
		a.detach(c)
	}
}

// released makes marks void after the release of s from c, if it was handed out.
func (a *Arena[T]) released(c *bump[T], s []T) {
	if c.used >= c.marked {
		panic(allocator.Misuse(a, s, freedTwice))
	}
	c.marked = a.marks.void(c.serial, c.used)
}

// detach makes a chunk of older, which has no blocks any more, a spare one.
func (a *Arena[T]) detach(c *bump[T]) {
	a.spare = append(a.spare, c.block)
	last := len(a.older) - 1
	*c = a.older[last]
	a.older[last] = bump[T]{}
	a.older = a.older[:last]
}

// detachAll releases all blocks.
func (a *Arena[T]) detachAll(clears bool) {
	c := &a.current
	vacateAll(c.block[:c.used:c.used], clears)
	c.used, c.marked = 0, 0
	for i := range a.older {
		o := &a.older[i]
		vacateAll(o.block[:o.used:o.used], clears)
		a.spare = append(a.spare, o.block)
	}
	clear(a.older)
	a.older = a.older[:0]
	a.marks.cut(Mark{})
}

// takeSpare returns a spare chunk of at least n values, or nil.
func (a *Arena[T]) takeSpare(n int) []T {
	for i := len(a.spare) - 1; i >= 0; i-- {
		if s := a.spare[i]; len(s) >= n {
			a.spare = slices.Delete(a.spare, i, i+1)
			return s
		}
	}
	return nil
}
