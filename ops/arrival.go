package ops

import (
	"errors"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// ErrWouldBlock is returned by a TryRead that finds nothing to read.
var ErrWouldBlock = errors.New("ops: nothing to read yet")

// A WaitReader says when there is something to read, and reads it without
// waiting, so that nobody needs a buffer before.
//
// It may also be [Associated], with the default allocator for handlers that
// bring none.
type WaitReader interface {
	// StartWaitReadable completes op later, with 0 and nil, when TryRead is
	// likely to read something or to return why there is nothing any more.
	StartWaitReadable(op *Operation)

	// TryRead reads up to len(b) bytes. It returns ErrWouldBlock if there are
	// none yet, and io.EOF at the end of the stream.
	TryRead(b []byte) (n int, err error)
}

// heapBytes is where buffers come from if nobody has an allocator for them.
var heapBytes allocator.Allocator[byte] = allocator.Heap[byte]{}

// ReadOnArrival reads up to size bytes from r into a buffer that is allocated
// when there is something to read, and not before: a reader that waits costs its
// operation and no buffer. The buffer comes from the allocator of byte associated
// with h, or else from the Go heap.
//
// On success *into is the bytes read, and h owns the block that they start; it
// gives it back with the Deallocate of the same allocator, as it is or cut to any
// length. If h is to run elsewhere (see [WithExecutor]), the buffer is allocated and
// filled there, so r must be one that may be used from there: not a connection of a
// proactor that was promised a single runner, unless the executor is its own.
// Otherwise *into is nil and there is nothing to give back. If the
// allocator fails, h is told the error, and what has arrived is still to be read.
//
// It keeps no place among the reads of r: what is started while it waits may be served
// first.
//
// Starting a read sets *into to nil, and its result is put there right before h is
// called. So handlers that one goroutine starts and runs may share the variable, if
// each takes its bytes before it starts another read.
func ReadOnArrival(r WaitReader, size int, into *[]byte, h Handler) {
	if into == nil {
		panic("ops: ReadOnArrival: nil pointer to what is read")
	}
	op := begin(h, nil, r)
	*into = nil
	if size < 1 && op.Err == nil {
		op.Err = allocator.ErrSize
	}
	op.Arg, op.stream = unsafe.Pointer(into), r
	op.setDone(size)
	op.flags |= stepArrival
	r.StartWaitReadable(op)
}

// arrived reads what has arrived. The allocator is the handler's own, so it is
// asked where the handler runs.
func (op *Operation) arrived() bool {
	if op.goElsewhere() {
		return true
	}
	into := (*[]byte)(op.Arg)
	*into = nil
	if op.Err != nil {
		return false
	}
	a := AllocatorOf(op.handler, heapBytes)
	block, err := a.Allocate(op.done())
	if err != nil {
		op.Err = exhausted(err)
		return false
	}
	r := op.stream.(WaitReader)
	n, err := r.TryRead(block)
	if err == nil {
		op.N = n
		*into = block[:n]
		return false
	}
	a.Deallocate(block)
	if err != ErrWouldBlock {
		op.Err = err
		return false
	}
	if associationsOf(op.handler).executor != nil {
		op.flags |= elsewhere
	}
	r.StartWaitReadable(op)
	return true
}
