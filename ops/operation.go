package ops

import (
	"net/netip"
	"time"
)

// An Operation is the state of one asynchronous operation while it is
// outstanding. There is one type for all kinds, so that any operation of a
// chain can use the block of any other.
//
// Programs meet it as a type argument only, as in
// combinators.SingleSlot[ops.Operation]. Its exported fields are for those who
// implement a platform: they describe what to do and take the results. From
// when an operation is started to when it completes its memory belongs to the
// platform; it does not move, and the platform keeps it reachable.
type Operation struct {
	// Next links the operation into the one queue that holds it.
	Next *Operation

	// Target is where the operation is outstanding, and ID its name there.
	Target Canceler
	ID     uint64

	// Kind says what to do, and Buf is what to read into or write.
	Kind Kind
	Buf  []byte

	// Addr is the peer's address, for the kinds that have one. Those that have
	// none may keep another argument in it; a platform says which.
	Addr netip.AddrPort

	// Arg is an argument or a result of a kind that has further ones.
	Arg any

	// When is the time on the platform's clock, in nanoseconds, at which the
	// operation is due. Index is its place, from 1, among those that wait for
	// a time, and 0 if it is not among them.
	When  int64
	Index int

	// N and Err are the results.
	N   int
	Err error

	// Timeout is how long the operation may take, without end if it is 0. It
	// comes from the handler; see WithTimeout.
	Timeout time.Duration

	owner[Operation]
	slot     *CancelSlot
	executor Executor // where the handler is to run, if not where the operation ended

	// A composed operation: the step to take when a part has ended, which
	// reports whether it started another; what it works on; bytes so far.
	step   func(*Operation) bool
	stream any
	done   int
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
)

var kindNames = [...]string{"post", "wait", "accept", "connect", "read", "write", "read from", "write to",
	"read vectored", "write vectored", "read at", "write at", "sync", "wait readable"}

// String returns the kind in lower case, such as "accept".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}
