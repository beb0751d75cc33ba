package combinators

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// A slot has a kept block or none.
type slot[T any] struct {
	// block is the kept storage. Its length is the part that is handed out,
	// and 0 while it is free.
	block []T
}

// find returns the slot that has the block s, or nil.
func (a *Slots[T]) find(s []T) *slot[T] {
	p := unsafe.SliceData(s)
	for i := range a.slots {
		if unsafe.SliceData(a.slots[i].block) == p {
			return &a.slots[i]
		}
	}
	return nil
}

// smallest returns the free slot with the smallest block, or nil if all are
// handed out.
func (a *Slots[T]) smallest() (free *slot[T]) {
	for i := range a.slots {
		if slot := &a.slots[i]; len(slot.block) == 0 && (free == nil || cap(slot.block) < cap(free.block)) {
			free = slot
		}
	}
	return free
}

// evict gives the block of a free slot back to the parent, if it has one.
func (a *Slots[T]) evict(free *slot[T]) bool {
	s := free.block[:cap(free.block)]
	if len(s) == 0 {
		return false
	}
	free.block = nil
	allocator.Reissue(s)
	a.upstream().Deallocate(s)
	return true
}

// giveBack gives all free blocks back to the parent, and reports whether there
// were any.
func (a *Slots[T]) giveBack() (given bool) {
	for i := range a.slots {
		if len(a.slots[i].block) == 0 && a.evict(&a.slots[i]) {
			given = true
		}
	}
	return given
}
