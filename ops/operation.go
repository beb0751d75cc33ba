package ops

import (
	"time"
	"unsafe"
)

// An Operation is the state of one asynchronous operation while it is
// outstanding. There is one type for all kinds, so that any operation of a
// chain can use the block of any other.
//
// Programs see it only as a type argument, as in
// combinators.SingleSlot[ops.Operation]. From the start of an operation to its
// end, its memory belongs to the platform. It does not move, and the platform
// keeps it reachable.
//
// Every chain pays for its size. So arguments that only a few kinds need share
// a field, and what can be asked of the handler again has none. The fields and
// the size are not frozen at v1; see "What stays as it is" in package platform.
type Operation struct {
	owner[Operation]
	slot   *CancelSlot
	stream any // what a composed operation works on

	// ControlBlock is for those who implement a platform.
	ControlBlock
}

// A ControlBlock is the part of an operation that a platform sees: what to do,
// where, and with what result. It corresponds to aiocb in POSIX, and is for those
// who implement a platform; see also package platform/backend.
//
// The pointers come first, so that the garbage collector need not look at the rest.
type ControlBlock struct {
	// Next and Prev link the operation into the one queue that holds it. They are nil when
	// it comes from a queue of this package.
	Next, Prev *Operation

	// Target is where the operation is outstanding, and Arg is a pointer
	// argument, for the kinds that have one. A platform decides what they point
	// to, except for the Arg of a KindWaitReadable, which it leaves alone.
	Target, Arg unsafe.Pointer

	// Err is the error with which the operation ended, or nil.
	Err error

	// Buf is the buffer to read into, or the bytes to write.
	Buf []byte

	// N is how many bytes, or packets, were transferred.
	N int

	// When is the time on the platform's clock, in nanoseconds, at which the
	// operation is due. Until that is known, it is how long the operation may
	// take; see Timeout.
	When int64

	// Args and Port are arguments that are not pointers: an address, an offset,
	// a count. A platform decides which. It leaves the Args of a KindRead,
	// KindWrite and KindWaitReadable alone.
	Args [2]uint64

	// Index is the operation's place among those that wait for a time, and 0 if it
	// is not among them.
	Index int32

	// Port belongs to Args.
	Port uint16

	// Kind says what to do.
	Kind Kind

	flags flags

	// Epoch distinguishes the operations that were started before everything at
	// the Target was cancelled from those started after.
	Epoch uint32
}

// done returns how many bytes a composed operation has transferred so far, or how
// many to read on arrival. The kinds of its parts have no other use for the argument.
func (op *Operation) done() int { return int(op.Args[0]) }

func (op *Operation) setDone(n int) { op.Args[0] = uint64(n) }

// flags say what an operation has in addition to what all have.
type flags uint8

const (
	// The step to take when a part of a composed operation has ended.
	stepRead flags = 1 + iota
	stepWrite
	stepArrival
	stepOwn      flags = 32     // that of the stepper that the operation works on
	stepVectored flags = 32 + 1 // all buffers of a list
	stepMask     flags = 32 + 3

	elsewhere flags = 4  // the handler runs on its executor, not where the operation ended
	limited   flags = 8  // it has a timeout
	undated   flags = 16 // the timeout is in When, and the clock has not been read
	told      flags = 64 // the stepper is told when the operation ends
)

// Limited reports whether the operation has a timeout, which comes from its
// handler; see [WithTimeout].
func (op *ControlBlock) Limited() bool { return op.flags&limited != 0 }

// Timeout returns how long the operation may take. ok is false if there is no limit,
// or if SetWhen has turned the limit into a time.
func (op *ControlBlock) Timeout() (d time.Duration, ok bool) {
	return time.Duration(op.When), op.flags&undated != 0
}

// Limit gives the operation, which was not started yet, a timeout of d, unless its
// handler has given it a shorter one. If d is 0, it does nothing.
func (op *ControlBlock) Limit(d time.Duration) {
	if d == 0 || op.flags&undated != 0 && op.When <= int64(d) {
		return
	}
	op.When = int64(d)
	op.flags |= limited | undated
}

// SetWhen sets the time on the platform's clock at which the operation is due.
func (op *ControlBlock) SetWhen(when int64) {
	op.When = when
	op.flags &^= undated
}

// Kind is a kind of operation.
type Kind uint8

// The kinds of operation.
const (
	KindPost Kind = iota
	KindWait
	KindAccept
	KindConnect
	KindRead
	KindWrite
	KindReadFrom
	KindWriteTo
	KindReadVectored
	KindWriteVectored
	KindReadAt
	KindWriteAt
	KindSync
	KindWaitReadable
	KindDial // the platform's own, of several connects
	KindWaitSignal
	KindReadBatch
	KindWriteBatch
	KindSendFile
	KindSplice // write what was taken from another stream

	Kinds int = iota // how many there are
)

var kindNames = [Kinds]string{"post", "wait", "accept", "connect", "read", "write", "read from", "write to",
	"read vectored", "write vectored", "read at", "write at", "sync", "wait readable",
	"dial", "wait signal", "read batch", "write batch", "send file", "splice"}

// String returns the kind in lower case, such as "accept".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}
