// Package record has what a proactor keeps for each socket. It is a package of its
// own because two others see it: platform, which works with it, and
// platform/backend, of whose Socket it is a part.
package record

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// A Record is the proactor's part of a backend.Socket. It is the proactor's memory,
// and stays valid when the program has given up what stands for the socket there:
// it is used again for another socket, and never for another proactor.
type Record struct {
	// Owner is the *platform.Proactor. It is set once.
	Owner unsafe.Pointer

	// Queues are the operations that are outstanding, by backend.Side. The backend has
	// the first of each.
	Queues [2]Queue

	// Mu guards everything but Owner, Single and Place; see backend.Socket.Lock.
	Mu sync.Mutex

	// Number is the name of the socket that the record is used for, and 0 while it
	// is used for none. No two sockets of a program ever have the same. It is
	// changed under the lock, and may be read without.
	Number atomic.Uint64

	// Place is where the record is in the proactor's list of what is to be closed
	// with it, from 1, or 0. The proactor's lock guards it.
	Place uint32

	// Epoch counts how often everything on the socket was cancelled.
	Epoch uint32

	// Index is the backend's own: where the record is in its Table.
	Index uint32

	State  State
	Class  Class
	Single bool // Mu is not used, because a single goroutine runs the proactor
	Bits   Bits // what else few sockets are
}

// Bits say what few sockets are. They share a byte: a server has a record for each of
// its connections.
type Bits uint8

const (
	Passed Bits = 3      // a bit for each backend.Side whose deadline has passed
	Timed  Bits = 4 << 0 // the proactor has deadlines for it
	Lent   Bits = 4 << 1 // operations on connections send the file, which stays open until they have ended
)

// Is reports whether one of the bits is set.
func (r *Record) Is(b Bits) bool { return r.Bits&b != 0 }

// Set sets or clears the bits.
func (r *Record) Set(b Bits, on bool) {
	r.Bits &^= b
	if on {
		r.Bits |= b
	}
}

// A Class is what a socket is to a program.
type Class uint8

// The classes of socket.
const (
	Stream Class = iota
	Listener
	Packets
	File
	Classes // how many there are
)

// A State is where a socket is in its life.
type State uint8

// The states of a socket.
const (
	Closed  State = iota
	Opening       // to be opened by an operation that is outstanding
	Open
)
