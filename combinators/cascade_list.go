package combinators

import (
	"errors"
	"fmt"
	"slices"

	"github.com/heirloom-go/heirloom/allocator"
)

// make returns a new child that can serve n values, or nil. A child that
// cannot tell what it owns cannot be a part of the list.
func (a *Cascade[T]) make(n int) *child[T] {
	parent := a.grow(n)
	if parent == nil {
		return nil
	}
	c := &child[T]{parent: parent, can: capabilitiesOf(parent, "NewCascade"), size: n}
	if c.can.owner == nil {
		what := allocator.Describe(parent)
		panic(fmt.Sprintf("combinators: Cascade(%s) cannot work: %s cannot tell which blocks are its own", what, what))
	}
	return c
}

// miss serves a request that the first child has answered with s and err.
func (a *Cascade[T]) miss(n int, s []T, err error) ([]T, error) {
	if n == 0 {
		return s, err
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	for link := &a.first.next; *link != nil; link = &(*link).next {
		if s, err := (*link).parent.Allocate(n); err == nil {
			c := *link
			a.toFront(link)
			a.took(c)
			return s, nil
		}
	}
	// A region of which nothing is handed out has room again once it is reset.
	if c := a.empty; c != nil && c.can.resetter != nil {
		c.can.reset()
		if s, err := c.parent.Allocate(n); err == nil {
			a.took(c)
			return s, nil
		}
	}
	s, err = a.add(n)
	if a.empty != nil && errors.Is(err, allocator.ErrExhausted) {
		a.dropEmpty()
		s, err = a.add(n)
	}
	return s, err
}

// add serves a request from a new child. One that cannot serve it is no part of
// the list, and keeps no storage.
func (a *Cascade[T]) add(n int) ([]T, error) {
	var c *child[T]
	if i := slices.IndexFunc(a.refused, func(c *child[T]) bool { return c.size == n }); i >= 0 {
		c = a.refused[i]
		a.refused = slices.Delete(a.refused, i, i+1)
	} else if c = a.make(n); c == nil {
		return nil, allocator.ErrExhausted
	}
	s, err := c.parent.Allocate(n)
	if err != nil {
		c.can.trim()
		if len(a.refused) == maxRefused {
			a.refused = slices.Delete(a.refused, 0, 1)
		}
		a.refused = append(a.refused, c)
		return nil, err
	}
	c.next, a.first = a.first, c
	c.live = 1
	return s, nil
}

// took counts a block that c has handed out.
func (a *Cascade[T]) took(c *child[T]) {
	c.live++
	if c == a.empty {
		a.empty = nil
	}
}

// find returns the child that s goes back to, or nil if s is empty.
func (a *Cascade[T]) find(s []T) *child[T] {
	if cap(s) == 0 {
		return nil
	}
	c := a.owner(s)
	switch {
	case c == nil && a.Owns(s): // it is of a child with nothing handed out
		panic(allocator.Misuse(a, s, freedTwice))
	case c == nil:
		panic(allocator.Misuse(a, s, foreignBlock))
	}
	return c
}

// owner returns the child that has handed out s and moves it to the front, or
// nil. A child that has handed out nothing is passed over: all blocks of a T of
// no size may start at the same place.
func (a *Cascade[T]) owner(s []T) *child[T] {
	for link := &a.first; *link != nil; link = &(*link).next {
		if c := *link; c.live != 0 && c.can.owner.Owns(s) {
			a.toFront(link)
			return c
		}
	}
	return nil
}

// toFront moves the child that link points to to the front of the list.
func (a *Cascade[T]) toFront(link **child[T]) {
	c := *link
	*link = c.next
	c.next, a.first = a.first, c
}

// dropEmpty gives up the storage of the child with no block handed out, and
// the child itself unless it is the last one.
func (a *Cascade[T]) dropEmpty() {
	switch {
	case a.empty == nil:
	case a.first.next == nil:
		a.first.can.trim()
	default:
		a.drop(a.empty)
		a.empty = nil
	}
}

// drop takes c, which has no block handed out, out of the list, after it gave
// back what storage it has. A region gives it back only when it was reset.
func (a *Cascade[T]) drop(c *child[T]) {
	for link := &a.first; *link != nil; link = &(*link).next {
		if *link == c {
			*link = c.next
			break
		}
	}
	if c.can.resetter != nil {
		c.can.reset()
	}
	c.can.trim()
}
