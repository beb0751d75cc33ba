package uring

import (
	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A socket is what the backend knows of a socket, open or closed.
type socket struct {
	backend.Socket
	life
}

// A life is what of a socket ends with it. The record is in use until the proactor
// has freed it and the kernel has let go of the last request. It is guarded by the
// lock of the socket.
type life struct {
	fd int32 // or -1

	// readAhead is the last of what was brought that nobody has asked for, a place in
	// Backend.ahead, from 1. The items are linked to a circle.
	readAhead int32

	rare *extra // see socket.extra

	current [roles]uint32 // counts of requests, by role

	pending uint16 // requests not reported
	aheads  uint16 // how much was read ahead

	errno uint16 // why the request that serves all reads has ended, to be told once

	submitted [2]bool // the kernel has the first operation of a side
	canceled  [2]bool // the request of a side is to end
	reported  [2]bool // the last operation that was started on a side is not waited for any more

	// The request that serves all reads.
	armed     bool
	stopping  bool // it was cancelled
	noBuffers bool // there was no buffer for it
	ended     bool // the peer has ended the stream

	drained  bool // the last read of a stream has left nothing, as far as is known
	moreWait bool // the last accept of a listener has left more connections

	freed  bool // the proactor does not need the record any more
	inet6  bool // a packet socket of the IPv6 family
	unlink bool // a unix listener's path is removed when it closes
	file   bool // not a socket

	multipath bool // a socket of multipath TCP

	spliceable descriptor.Spliceable
	unblocked  bool // see unblock; false if somebody else may have it block again

	// shared: somebody else may have the socket, so it is neither shut down when it is
	// closed, nor read ahead of what is asked for.
	shared bool
}

// An extra is what few sockets need for their requests. It stays where it is
// until the kernel is done with them.
type extra struct {
	vectors  [2]descriptor.Vectors // for the sides of a stream
	messages *[2]message           // for the sides of a packet socket
	batches  *[2]descriptor.Batch  // the same, for several packets
	peer     *peer                 // what it is being connected to
	room     int32                 // see watchRoom: a descriptor from 1 on, or 0
}

type peer struct {
	addr unix.RawSockaddrAny
	size uintptr
}

// extra returns the extra of the socket, which is made when first needed.
func (e *socket) extra() *extra {
	if e.rare == nil {
		e.rare = new(extra)
	}
	return e.rare
}

// keptConnects is how many extras are kept for further connects.
const keptConnects = 64

// extraOfConnect returns an extra for a connect.
func (b *Backend) extraOfConnect() *extra {
	b.lock()
	defer b.unlock()
	n := len(b.connects)
	if n == 0 {
		return &extra{peer: new(peer)}
	}
	x := b.connects[n-1]
	b.connects = b.connects[:n-1]
	return x
}

// keepExtra takes an extra back when its connect has ended.
func (b *Backend) keepExtra(x *extra) {
	b.lock()
	defer b.unlock()
	if len(b.connects) < keptConnects {
		b.connects = append(b.connects, x)
	}
}

// The roles that a request may have for a socket. The first two are sides.
type role uint8

const (
	multishot role = 2 + iota // completes again and again
	roles
	ignored // whose report is of no interest
)

// An aheadItem is a segment that was received.
type aheadItem struct {
	segment
	next int32
}

// A message is what sendmsg and recvmsg work with.
type message struct {
	header unix.Msghdr
	vector unix.Iovec
	addr   unix.RawSockaddrInet6
}
