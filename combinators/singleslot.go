package combinators

import (
	"errors"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// SingleSlot keeps one block and hands it out again and again.
//
// Use it where only one block is live at a time: as a field of a session struct, for the
// chain of operations of that session. The zero value is ready; its parent is the Go heap.
// The idea is Asio's, whose custom allocation examples call it handler_memory.
//
// A request that the kept block serves costs a few nanoseconds; for a T with pointers, half
// of that is for clearing it. It gets all the room of the block, so a slice that grows by
// append soon does not move any more. The block comes from the parent with the first
// request. If the block is free but too small, a larger one replaces it, and the old one
// goes back to the parent. So the slot keeps the largest block that it has needed, until
// Trim. If the block is handed out, the request is passed to the parent, which later gets
// that block back. A slot takes six words.
//
// It is exhausted when its parent is. If it has a free block then, it gives that block back
// and asks the parent once more.
//
// One goroutine at a time may use it. It need not always be the same one, as along a chain
// of operations.
type SingleSlot[T any] struct {
	_      noCopy
	parent allocator.Allocator[T] // nil is the Go heap

	// block is the kept storage. Its length is the part that is handed out,
	// and 0 while it is free.
	block  []T
	clears bool // T has pointers; known once there is a block
}

// NewSingleSlot returns a SingleSlot that takes its block from parent.
func NewSingleSlot[T any](parent allocator.Allocator[T]) *SingleSlot[T] {
	capabilitiesOf(parent, "NewSingleSlot")
	return &SingleSlot[T]{parent: parent}
}

// Allocate returns the kept block if it is free and has room for n values, and
// otherwise a block of the parent.
func (a *SingleSlot[T]) Allocate(n int) ([]T, error) {
	if len(a.block) != 0 || uint(n-1) >= uint(cap(a.block)) {
		return a.miss(n)
	}
	a.block = a.block[:n]
	allocator.Reissue(a.block)
	if n == 1 {
		return a.block[:1:1], nil
	}
	return a.block, nil
}

// Deallocate releases s. It panics if s is the kept block, and is already free
// or was handed out with another capacity.
func (a *SingleSlot[T]) Deallocate(s []T) {
	if unsafe.SliceData(s) != unsafe.SliceData(a.block) || cap(s) != cap(a.block) || len(a.block) == 0 {
		a.pass(s)
		return
	}
	a.block = a.block[:0]
	if a.clears {
		wipe(s)
	}
	allocator.Retire(a.block)
}

// Owns reports whether s is the kept block or the parent owns it. If the parent
// cannot tell, it is false for every other block.
func (a *SingleSlot[T]) Owns(s []T) bool {
	if cap(s) != 0 && unsafe.SliceData(s) == unsafe.SliceData(a.block) {
		return true
	}
	can := a.parentCan()
	return can.owns(s)
}

// Trim gives the kept block back to the parent if it is free, and trims the
// parent.
func (a *SingleSlot[T]) Trim() {
	a.giveBack()
	can := a.parentCan()
	can.trim()
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *SingleSlot[T]) Reset() {
	can := a.parentCan()
	can.reset()
	a.block = nil
}

// Capable implements [allocator.Conditional]. Owns and Reset work if they do
// for the parent.
func (a *SingleSlot[T]) Capable(c allocator.Capability) bool {
	can := a.parentCan()
	return can.capable(c)
}

// Parents implements [allocator.Composite].
func (a *SingleSlot[T]) Parents() []any { return []any{a.upstream()} }

// String returns the expression that builds the allocator.
func (a *SingleSlot[T]) String() string {
	return "SingleSlot(" + allocator.Describe(a.upstream()) + ")"
}

func (a *SingleSlot[T]) upstream() allocator.Allocator[T] {
	if a.parent == nil {
		return allocator.Heap[T]{}
	}
	return a.parent
}

// parentCan asks anew at each call: none of the callers is hot, and a slot in
// each session should be small.
func (a *SingleSlot[T]) parentCan() capabilities[T] { return capabilitiesOf(a.upstream(), "") }

// miss serves what the kept block cannot.
func (a *SingleSlot[T]) miss(n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	parent := a.upstream()
	s, err := parent.Allocate(n)
	if err != nil && a.free() && errors.Is(err, allocator.ErrExhausted) {
		a.giveBack()
		s, err = parent.Allocate(n)
	}
	// A T of no size has no storage to keep, and all its blocks may start at
	// the same place.
	if err != nil || len(a.block) != 0 || unsafe.Sizeof(*new(T)) == 0 {
		return s, err
	}
	old := a.block[:cap(a.block)]
	a.block, a.clears = s[:0], allocator.HasPointers[T]() // first, as the parent may panic
	if len(old) != 0 {
		allocator.Reissue(old)
		parent.Deallocate(old)
	}
	a.block = s
	return s, nil
}

// pass releases a block that is not the one that is out.
func (a *SingleSlot[T]) pass(s []T) {
	switch {
	case cap(s) == 0:
	case unsafe.SliceData(s) != unsafe.SliceData(a.block):
		a.upstream().Deallocate(s)
	case len(a.block) == 0:
		panic(allocator.Misuse(a, s, freedTwice))
	case len(a.block) == 1 && cap(s) == 1: // one value, and the block has room for more
		a.block = a.block[:0]
		vacate(s, a.clears)
	default:
		panic(allocator.Misuse(a, s, otherCapacity))
	}
}

// free reports whether there is a kept block and it is not handed out.
func (a *SingleSlot[T]) free() bool { return cap(a.block) != 0 && len(a.block) == 0 }

func (a *SingleSlot[T]) giveBack() {
	if a.free() {
		s := a.block[:cap(a.block)]
		a.block = nil
		allocator.Reissue(s)
		a.upstream().Deallocate(s)
	}
}
