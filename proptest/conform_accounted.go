package proptest

import (
	"github.com/heirloom-go/heirloom/allocator"
)

// misused is what a leaf does with a block that is not its own: it panics, or
// does what the Go heap does.
func (l *leaf[T]) misused(s []T) {
	b := l.books
	if !b.within(s) {
		b.violated(misuseIsHarmless, "%v got %d values, which reach beyond their storage", l, cap(s))
		return
	}
	if l.able&ownsBlocks != 0 {
		panic(allocator.Misuse(l, s, "not a block of this leaf"))
	}
	if b.clears {
		clear(s[:cap(s)])
	}
}

// An accounted allocator has storage of its own, which the books keep account of.
type accounted[T any] struct {
	allocator.Allocator[T]
	books *books[T]
	gone  bool // what is released is not there any more
}

func (a *accounted[T]) Allocate(n int) ([]T, error) {
	s, err := a.Allocator.Allocate(n)
	if cap(s) != 0 {
		a.books.own = append(a.books.own, s[:cap(s)])
	}
	return s, err
}

func (a *accounted[T]) Deallocate(s []T) {
	if cap(s) != 0 && !a.books.within(s) {
		a.books.violated(misuseIsHarmless, "%v got %d values, which reach beyond their storage", a, cap(s))
		return
	}
	a.Allocator.Deallocate(s)
	for i, own := range a.books.own {
		if a.gone && cap(s) != 0 && address(own) == address(s) {
			a.books.own = append(a.books.own[:i], a.books.own[i+1:]...)
			return
		}
	}
}

func (a *accounted[T]) Owns(s []T) bool {
	o, ok := allocator.AsOwner(a.Allocator)
	return ok && o.Owns(s)
}

func (a *accounted[T]) GoodSize(n int) int {
	if s, ok := a.Allocator.(allocator.Sizer); ok {
		return s.GoodSize(n)
	}
	return n
}

func (a *accounted[T]) Capable(c allocator.Capability) bool {
	_, owns := allocator.AsOwner(a.Allocator)
	return c == allocator.CanOwn && owns || c == allocator.CanZero && allocator.GivesZeros(a.Allocator)
}

func (a *accounted[T]) String() string { return allocator.Describe(a.Allocator) }
