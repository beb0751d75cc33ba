package platform

import (
	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// A ringSocket is what the backend knows of an open socket, and of a closed one
// of which the kernel has not let go. Except for index it is guarded by the lock
// of the socket.
type ringSocket struct {
	s     *Socket
	fd    int32
	index uint32 // in the table

	current [roles]uint32     // counts of requests, by role
	pending uint16            // requests not reported
	holding uint16            // how much is held
	ops     [2]*ops.Operation // which is in the kernel's hands, by side
	rare    *ringExtra        // see extra

	held, last int32 // what was brought that nobody has asked for, as places in uring.held, from 1

	canceled [2]bool // the request of a side is to end
	told     [2]bool // the last operation that was started on a side is not waited for any more: it was reported

	// The request that serves all reads or accepts.
	armed    bool
	stopping bool   // it was cancelled
	scarce   bool   // there was no buffer for it
	ended    bool   // the peer has ended the stream
	listens  bool   // what it brings is connections
	errno    uint16 // why it has ended, to be told once

	closed bool
}

// A ringExtra is what few sockets need for their requests. It stays where it is
// until the kernel is done with them.
type ringExtra struct {
	vectors  [2]vectors      // for the sides of a stream
	messages *[2]ringMessage // for the sides of a packet socket
	peer     *ringPeer       // what it is being connected to
}

type ringPeer struct {
	addr unix.RawSockaddrAny
	size uintptr
}

// extra returns the ringExtra of the socket, which is made when first needed.
func (e *ringSocket) extra() *ringExtra {
	if e.rare == nil {
		e.rare = new(ringExtra)
	}
	return e.rare
}

// ringSocketOf returns the state of a socket, or nil if it has no descriptor.
func ringSocketOf(s *Socket) *ringSocket {
	e, _ := s.Sys.(*ringSocket)
	return e
}

// The roles that a request may have for a socket. The first two are sides.
type role uint8

const (
	again role = 2 + iota // completes again and again
	roles
	nobody // whose report is of no interest
)

// A heldItem is a segment that was received or a descriptor that was accepted.
type heldItem struct {
	segment
	fd   int32
	next int32
}

// A ringMessage is what sendmsg and recvmsg work with.
type ringMessage struct {
	header unix.Msghdr
	vector unix.Iovec
	addr   unix.RawSockaddrInet6
}
