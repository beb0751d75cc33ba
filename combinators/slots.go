package combinators

import (
	"errors"
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Slots keeps a small fixed number of blocks and hands them out again and
// again.
//
// Use it where a few blocks of any sizes are live at a time: as a field of a
// session struct, for the receive, the send and the timer of that session. The
// zero value is ready; it has four slots and its parent is the Go heap.
//
// A request that a kept block serves costs a few nanoseconds, and about one
// more for each slot that it looks at; for a T with pointers, half of that is
// for clearing the block. It gets the first free block that is large enough,
// with all its room. If no free block is large enough, the parent provides one,
// which replaces the smallest free block. So each slot grows to the size it is
// needed for, and after a while every request is served, until Trim. If all
// slots are handed out, the request is passed to the parent, which later gets
// that block back. A slot takes three words.
//
// It is exhausted when its parent is. Before it fails, it gives all free blocks
// back and asks the parent once more.
//
// One goroutine at a time may use it. It need not always be the same one, as along a chain
// of operations.
//
// It panics if a released block is a kept one, and is already free or was
// handed out with another capacity.
type Slots[T any] struct {
	_      noCopy
	parent allocator.Allocator[T] // nil is the Go heap
	slots  []slot[T]              // nil before the first request to a zero value
	clears bool                   // T has pointers; known once there is a block
}

// zeroValueSlots is how many slots a zero value has.
const zeroValueSlots = 4

// NewSlots returns a Slots that keeps up to count blocks of parent. It panics
// if count is negative.
func NewSlots[T any](parent allocator.Allocator[T], count int) *Slots[T] {
	capabilitiesOf(parent, "NewSlots")
	if count < 0 {
		panic(fmt.Sprintf("combinators: NewSlots: the count is negative: %d", count))
	}
	return &Slots[T]{parent: parent, slots: make([]slot[T], count)}
}

// Allocate returns the first kept block that is free and has room for n
// values, and otherwise a block of the parent.
func (a *Slots[T]) Allocate(n int) ([]T, error) {
	for i := range a.slots {
		slot := &a.slots[i]
		if len(slot.block) == 0 && uint(n-1) < uint(cap(slot.block)) {
			slot.block = slot.block[:n]
			allocator.Reissue(slot.block)
			if n == 1 {
				return slot.block[:1:1], nil
			}
			return slot.block, nil
		}
	}
	return a.miss(n)
}

// Deallocate releases s.
func (a *Slots[T]) Deallocate(s []T) {
	slot := a.find(s)
	if slot == nil || cap(slot.block) != cap(s) || len(slot.block) == 0 {
		a.pass(s, slot)
		return
	}
	slot.block = slot.block[:0]
	if a.clears {
		wipe(s)
	}
	allocator.Retire(s)
}

// Owns reports whether s is a kept block or the parent owns it. If the parent
// cannot tell, it is false for every other block.
func (a *Slots[T]) Owns(s []T) bool {
	if cap(s) != 0 && a.find(s) != nil {
		return true
	}
	can := a.parentCan()
	return can.owns(s)
}

// Trim gives the free blocks back to the parent and trims it.
func (a *Slots[T]) Trim() {
	a.giveBack()
	can := a.parentCan()
	can.trim()
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Slots[T]) Reset() {
	can := a.parentCan()
	can.reset()
	clear(a.slots)
}

// Capable implements [allocator.Conditional]. Owns and Reset work if they do
// for the parent.
func (a *Slots[T]) Capable(c allocator.Capability) bool {
	can := a.parentCan()
	return can.capable(c)
}

// Parents implements [allocator.Composite].
func (a *Slots[T]) Parents() []any { return []any{a.upstream()} }

// String returns the expression that builds the allocator.
func (a *Slots[T]) String() string {
	count := len(a.slots)
	if a.slots == nil {
		count = zeroValueSlots
	}
	return fmt.Sprintf("Slots(%s, %d)", allocator.Describe(a.upstream()), count)
}

func (a *Slots[T]) upstream() allocator.Allocator[T] {
	if a.parent == nil {
		return allocator.Heap[T]{}
	}
	return a.parent
}

// parentCan asks anew at each call, so that a Slots in each session is small.
func (a *Slots[T]) parentCan() capabilities[T] { return capabilitiesOf(a.upstream(), "") }

// miss serves what no kept block can.
func (a *Slots[T]) miss(n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	if a.slots == nil {
		a.slots = make([]slot[T], zeroValueSlots)
	}
	s, err := a.upstream().Allocate(n)
	if err != nil && errors.Is(err, allocator.ErrExhausted) && a.giveBack() {
		s, err = a.upstream().Allocate(n)
	}
	// A T of no size has no storage to keep, and all its blocks may start at
	// the same place.
	if err != nil || needsNone[T](n) {
		return s, err
	}
	if free := a.smallest(); free != nil {
		old := free.block[:cap(free.block)]
		free.block, a.clears = s[:0], allocator.HasPointers[T]() // first, as the parent may panic
		if len(old) != 0 {
			allocator.Reissue(old)
			a.upstream().Deallocate(old)
		}
		free.block = s
	}
	return s, nil
}

// pass releases a block that is not in a slot, or not as it was handed out.
func (a *Slots[T]) pass(s []T, slot *slot[T]) {
	switch {
	case cap(s) == 0:
	case slot == nil:
		a.upstream().Deallocate(s)
	case len(slot.block) == 0:
		panic(allocator.Misuse(a, s, freedTwice))
	case len(slot.block) == 1 && cap(s) == 1: // one value, and the block has room for more
		slot.block = slot.block[:0]
		vacate(s, a.clears)
	default:
		panic(allocator.Misuse(a, s, otherCapacity))
	}
}
