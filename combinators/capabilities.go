package combinators

import "github.com/heirloom-go/heirloom/allocator"

// capabilities is what a parent can do beyond Allocate and Deallocate, asked
// for once. A field is nil if the parent cannot.
type capabilities[T any] struct {
	owner    allocator.Owner[T]
	resizer  allocator.Resizer[T]
	resetter allocator.Resetter
	trimmer  allocator.Trimmer
	sizer    allocator.Sizer
	zeroes   bool // its blocks are zero
}

// capabilitiesOf finds the capabilities of a parent. It panics if there is no
// parent, for which it blames the constructor.
func capabilitiesOf[T any](parent allocator.Allocator[T], constructor string) capabilities[T] {
	if parent == nil {
		panic("combinators: " + constructor + ": the parent is nil")
	}
	var c capabilities[T]
	c.owner, _ = allocator.AsOwner(parent)
	c.resetter, _ = allocator.AsResetter(parent)
	c.resizer, _ = parent.(allocator.Resizer[T])
	c.trimmer, _ = parent.(allocator.Trimmer)
	c.sizer, _ = parent.(allocator.Sizer)
	c.zeroes = allocator.GivesZeros(parent)
	return c
}

func (c *capabilities[T]) capable(which allocator.Capability) bool {
	switch which {
	case allocator.CanOwn:
		return c.owner != nil
	case allocator.CanReset:
		return c.resetter != nil
	}
	return false
}

func (c *capabilities[T]) owns(s []T) bool { return c.owner != nil && c.owner.Owns(s) }

func (c *capabilities[T]) resize(s []T, n int) ([]T, bool) {
	if c.resizer == nil {
		return nil, false
	}
	return c.resizer.Resize(s, n)
}

func (c *capabilities[T]) reset() {
	if c.resetter == nil {
		panic("combinators: Reset: the parent cannot be reset")
	}
	c.resetter.Reset()
}

func (c *capabilities[T]) trim() {
	if c.trimmer != nil {
		c.trimmer.Trim()
	}
}

func (c *capabilities[T]) goodSize(n int) int {
	if c.sizer == nil {
		return n
	}
	return c.sizer.GoodSize(n)
}
