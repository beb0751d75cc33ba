package ops

import (
	"errors"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops/reach"
)

// ErrWouldBlock is returned by a TryRead that finds nothing to read, and by a TryWrite
// that finds no room.
var ErrWouldBlock = errors.New("ops: nothing to read yet")

// A WaitReader is a stream that says when there is something to read, and then reads
// it without waiting. So no buffer is needed before data has arrived.
//
// It may also be [Associated], with the default allocator for handlers that
// bring none.
type WaitReader interface {
	// StartWaitReadable completes op later, with 0 and nil, when TryRead is
	// likely to read something, or to say why nothing more will come.
	StartWaitReadable(op *Operation)

	// TryRead reads up to len(b) bytes without waiting. It returns
	// ErrWouldBlock if there are none yet, and io.EOF at the end of the stream.
	TryRead(b []byte) (n int, err error)
}

// heapBytes is where buffers come from if no allocator is associated for them.
var heapBytes allocator.Allocator[byte] = allocator.Heap[byte]{}

// ReadOnArrival reads up to size bytes from r into a buffer that is allocated only
// when there is something to read. While it waits, it needs an operation but no
// buffer. The buffer comes from the allocator of byte associated with h, or else from
// the Go heap.
//
// On success *into holds the bytes that were read, and h owns the block that starts
// with them. It must release the block with Deallocate of the same allocator; the
// length of the slice does not matter. On failure *into is nil, and there is nothing to
// release. If the allocator fails, h is called with its error, and the data can still
// be read.
//
// If h runs on another executor (see [WithExecutor]), the buffer is allocated and
// filled there, so r must be usable from there. A connection of a proactor with a
// single runner is not, unless the executor runs on that proactor.
//
// It has no fixed place among the reads of r: a read that is started while it waits may
// be served first.
//
// Starting a read sets *into to nil, and the result is stored there just before h is
// called. So reads may share the variable if one goroutine starts them and runs their
// handlers, and each handler takes its bytes before it starts another read.
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
	reach.Sometimes(err != nil, reach.ArrivalWithoutBuffer)
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
