package ops

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops/reach"
)

// The life of an operation is in this file and nowhere else. A platform calls
// Begin, keeps the operation until the kernel is done with it, and calls
// Complete or Abandon, once. It never sees a handler or an allocator. What is
// allocated for a composed operation lives by the same rules, in the same code.

// heap is the default where there is no other.
var heap allocator.Allocator[Operation] = allocator.Heap[Operation]{}

// Begin allocates an operation for h, from the allocator associated with h or
// from def if there is none; a nil def means the Go heap. It panics if h is
// nil.
//
// If the allocator fails, the operation that Begin returns has the error in
// Err, and was not allocated. It must not be started, only completed, later
// like any other. So every function that starts an operation checks Err
// first.
func Begin(h Handler, def allocator.Allocator[Operation]) *Operation {
	return begin(h, def, nil)
}

// begin is Begin with a default that, if it is needed, comes from where the operation
// will be outstanding.
func begin(h Handler, def allocator.Allocator[Operation], where any) *Operation {
	mustHandler(h)
	var is associations
	if b, ok := h.(*bound[Operation]); ok && b.plain { // the usual case: one allocator bound
		h, is.alloc = b.handler, b.alloc
	} else {
		h = is.collect(h)
		if is.coroutine {
			noteStart(h)
		}
	}
	if is.alloc == nil {
		if is.alloc = def; def == nil {
			is.alloc = defaultOf(where)
		}
		if is.alloc == nil {
			is.alloc = heap
		}
	}
	op, err := obtain(is.alloc)
	if err != nil {
		return failed(h, is.flags, err)
	}
	op.owner = owner[Operation]{h, is.alloc}
	if is.flags != 0 || is.slot != nil {
		op.associate(&is)
	}
	return op
}

// associate gives the operation what is associated with its handler.
func (op *Operation) associate(is *associations) {
	op.flags, op.When, op.slot = is.flags, int64(is.timeout), is.slot
	if op.slot != nil {
		op.slot.begin(op)
	}
}

// beginHere begins an operation for h in memory of the program. It represents other
// operations, and waits nowhere itself, so it has no timeout: the result is the timeout
// that the others must have.
func (op *Operation) beginHere(h Handler) (timeout time.Duration) {
	mustHandler(h)
	var is associations
	h = is.collect(h)
	if is.coroutine {
		noteStart(h)
	}
	timeout, is.timeout = is.timeout, 0
	is.flags &^= limited | undated
	*op = Operation{owner: owner[Operation]{handler: h}}
	op.associate(&is)
	return timeout
}

// An owner is what a piece of state belongs to: the handler that is called when the
// state is no longer needed, and the allocator that its memory came from, nil
// if it was not allocated. The state is an Operation, or the Frame of several.
type owner[T any] struct {
	handler Handler
	alloc   allocator.Allocator[T]
}

// obtain allocates one zeroed value. Its error is one for a handler.
func obtain[T any](a allocator.Allocator[T]) (*T, error) {
	block, err := a.Allocate(1)
	reach.Sometimes(err != nil, reach.AllocatorFailed)
	if err != nil {
		return nil, exhausted(err)
	}
	if len(block) != 1 || cap(block) != 1 { // or it could not be given back by its pointer
		panic(allocator.Misuse(a, block, fmt.Sprintf("Allocate(1) has len %d and cap %d", len(block), cap(block))))
	}
	var zero T
	block[0] = zero
	return unsafe.SliceData(block), nil
}

// release releases the memory of state, in which the owner lies, and returns the
// handler, which may be what holds the allocator and so must outlive the call.
func (o *owner[T]) release(state *T) Handler {
	h, a := o.handler, o.alloc
	if h == nil {
		panic("ops: an operation ended twice")
	}
	o.handler = nil
	if a != nil {
		a.Deallocate(unsafe.Slice(state, 1))
	}
	return h
}

// failed returns an operation that has not been allocated and only calls h with
// err, elsewhere if the flags say so.
func failed(h Handler, f flags, err error) *Operation {
	op := &Operation{owner: owner[Operation]{handler: h}}
	op.flags, op.Err = f&elsewhere, err
	return op
}

// Complete ends the operation with the results in N and Err: it releases the
// memory and then calls the handler. A part of a composed operation starts the
// next part instead, in the same memory. If the handler runs on another
// executor, the operation goes there, in the same memory, and completes again.
//
// The platform calls it once, from a goroutine that runs the proactor, and does
// not touch the operation afterwards.
func (op *Operation) Complete() {
	if op.flags&(stepMask|elsewhere) != 0 && op.goesOn() {
		return
	}
	n, err := op.N, op.Err
	op.end().Complete(n, err)
}

// goesOn takes the next step of a composed operation, or moves the operation to the
// executor of its handler. It reports false if neither was needed.
func (op *Operation) goesOn() bool {
	if op.flags&stepMask != 0 {
		if op.takeStep() {
			return true
		}
		op.flags &^= stepMask
	}
	return op.goElsewhere()
}

// goElsewhere moves the operation to the executor of its handler, unless it is there, and
// reports whether it did.
func (op *Operation) goElsewhere() bool {
	if op.flags&elsewhere == 0 {
		return false
	}
	op.flags &^= elsewhere
	reach.Sometimes(true, reach.WentElsewhere)
	ex := associationsOf(op.handler).executor
	if ex == nil {
		panic("ops: the Executor of a handler has become nil while its operation was outstanding")
	}
	ex.Execute(op)
	return true
}

// Abandon ends the operation without calling the handler: it releases the
// memory, and then calls Abandon of every layer of the handler that is an
// [Abandoner]. If the allocator or a layer panics, the other layers are called
// nevertheless.
func (op *Operation) Abandon() {
	defer tellAbandoned(op.handler)
	reach.Sometimes(true, reach.Abandoned)
	op.end()
}

// tellAbandoned tells the layers of a handler, outermost first, that no result will
// come.
func tellAbandoned(h Handler) {
	if h == nil {
		return
	}
	defer tellAbandoned(unwrap(h)) // asked now: a handler may be gone once it was told
	if a, ok := h.(Abandoner); ok {
		a.Abandon()
	}
}

// Refuse ends an operation that has begun and cannot be started. It releases
// the memory and returns another operation, which was not allocated and only
// calls the handler with err when it completes.
func (op *Operation) Refuse(err error) *Operation {
	reach.Sometimes(true, reach.Refused)
	f := op.flags
	h := op.end()
	switch x := h.(type) {
	case interface{ refuse(err error) }:
		x.refuse(err) // and what waits for it
	case interface{ refused() Handler }:
		h = x.refused()
	}
	return failed(h, f, err)
}

// end releases the operation's memory and returns its handler.
func (op *Operation) end() Handler {
	if op.slot != nil {
		op.slot.end(op)
	}
	if op.flags&told != 0 {
		op.stream.(stepper).ended(op)
	}
	return op.release(op)
}

// exhausted returns the error that a handler is called with when its allocator
// failed with err.
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
