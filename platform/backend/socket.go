package backend

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// A Socket is the record of a connection, a listener, a packet socket or a file. It is
// memory of the proactor and its backend, and never of the program, whose Conn only
// refers to it. So a late event finds something valid, whatever the program has done with
// the memory of the Conn.
//
// A backend makes a Socket in NewSocket, most often as the first field of a larger
// struct, and gets it back in FreeSocket. It may then use the record for another socket,
// or leave it to the garbage collector.
type Socket struct {
	// Record belongs to the proactor. Under the lock a backend may read its Number and
	// its Queues, whose first operations the backend has been given.
	record.Record

	// Sys is the backend's state. The socket's lock guards it, so a backend uses it
	// only in methods that are called with the socket locked, in Listen and
	// ListenPacket, and in Poll under [Socket.Lock]. For a socket that an accept
	// opens, the backend sets it before it reports the result; until then nobody
	// else looks at it.
	Sys any
}

// Lock locks the socket. It is for a backend's Poll, and does nothing if the proactor
// has a single runner.
func (s *Socket) Lock() {
	if !s.Single {
		s.Mu.Lock()
	}
}

// Unlock undoes Lock.
func (s *Socket) Unlock() {
	if !s.Single {
		s.unlockShared()
	}
}

// unlockShared is a call of its own so that Unlock is inlined.
//
//go:noinline
func (s *Socket) unlockShared() { s.Mu.Unlock() }

// A Side is a direction of a socket. Operations on one side are served in order; the
// two sides are independent.
type Side uint8

// The sides of a socket.
const (
	Reading Side = iota // read, accept
	Writing             // write, connect, sync
)

// writes has a bit for each kind of the writing side.
const writes uint32 = 1<<ops.KindWrite | 1<<ops.KindWriteVectored | 1<<ops.KindWriteTo | 1<<ops.KindConnect |
	1<<ops.KindWriteAt | 1<<ops.KindSync | 1<<ops.KindDial | 1<<ops.KindWriteBatch | 1<<ops.KindSendFile |
	1<<ops.KindSplice

// SideOf returns the side on which an operation of a kind is outstanding.
func SideOf(k ops.Kind) Side { return Side(writes >> k & 1) }
