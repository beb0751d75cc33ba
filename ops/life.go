package ops

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// The life of an operation is in this file and nowhere else. A platform calls
// Begin, keeps the operation until the kernel is done with it, and calls
// Complete or Abandon, once. It never sees a handler or an allocator.

// heap is the default where nobody has one.
var heap allocator.Allocator[Operation] = allocator.Heap[Operation]{}

// Begin allocates an operation for h, from the allocator associated with h or
// from def if there is none; a nil def means the Go heap. It panics if h is
// nil.
//
// If the allocator fails, the operation that Begin returns already has its
// error in Err, and has not been allocated. It must not be started, only
// completed, and later, like any other: every function that starts an
// operation looks at Err first.
func Begin(h Handler, def allocator.Allocator[Operation]) *Operation {
	mustHandler(h)
	a, slot := associations(h)
	if a == nil {
		if a = def; a == nil {
			a = heap
		}
	}
	block, err := a.Allocate(1)
	if err != nil {
		return &Operation{handler: h, Err: exhausted(err)}
	}
	if len(block) != 1 {
		panic(allocator.Misuse(a, allocator.SameBlock, block, fmt.Sprintf("Allocate(1) returned %d values", len(block))))
	}
	op := unsafe.SliceData(block)
	*op = Operation{handler: h, alloc: a, slot: slot}
	if slot != nil {
		slot.begin()
	}
	return op
}

// Complete ends the operation with the results in N and Err: it releases the
// memory and then calls the handler. A part of a composed operation starts the
// next part instead, in the same memory.
//
// The platform calls it once, from a goroutine that runs the proactor, and
// does not touch the operation any more.
func (op *Operation) Complete() {
	if op.step != nil && op.step(op) {
		return
	}
	n, err := op.N, op.Err
	op.release().Complete(n, err)
}

// Abandon ends the operation without calling the handler: it releases the
// memory and then tells every layer of the handler that is an [Abandoner].
func (op *Operation) Abandon() {
	for h := op.release(); h != nil; {
		inner := unwrap(h) // a handler may be gone once it was told
		if a, ok := h.(Abandoner); ok {
			a.Abandon()
		}
		h = inner
	}
}

// Refuse ends an operation that was begun and cannot be started: it releases
// the memory, and returns an operation that has not been allocated and only
// tells the handler of err when it completes.
func (op *Operation) Refuse(err error) *Operation {
	return &Operation{handler: op.release(), Err: err}
}

// release gives the operation's memory back and returns the handler, which may
// be what holds the allocator and so must outlive the call.
func (op *Operation) release() Handler {
	h, a, slot := op.handler, op.alloc, op.slot
	if h == nil {
		panic("ops: an operation ended twice")
	}
	op.handler = nil
	if slot != nil {
		slot.end()
	}
	if a != nil {
		a.Deallocate(unsafe.Slice(op, 1))
	}
	return h
}

// associations returns the allocator and the cancel slot associated with h, nil
// for what there is not. It does in one pass what AllocatorOf and CancelSlotOf
// do.
func associations(h Handler) (a allocator.Allocator[Operation], slot *CancelSlot) {
	for ; h != nil; h = unwrap(h) {
		if a == nil {
			if x, ok := h.(Associated[Operation]); ok {
				a = x.Allocator()
			}
		}
		if slot == nil {
			if x, ok := h.(Cancelable); ok {
				slot = x.CancelSlot()
			}
		}
	}
	return a, slot
}

// exhausted returns the error that a handler is told when its allocator failed
// with err.
func exhausted(err error) error {
	if errors.Is(err, allocator.ErrExhausted) {
		return err
	}
	return fmt.Errorf("%w: %w", allocator.ErrExhausted, err)
}

// defaultOf returns the allocator that x offers to handlers that bring none,
// or nil.
func defaultOf(x any) allocator.Allocator[Operation] {
	if d, ok := x.(Associated[Operation]); ok {
		return d.Allocator()
	}
	return nil
}
