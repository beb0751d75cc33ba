package uring

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// SocketSize is the size of a record, in bytes.
const SocketSize = unsafe.Sizeof(socket{})

// CancelRequest has the kernel give up the request of a side.
func (b *Backend) CancelRequest(s *backend.Socket, d backend.Side) {
	b.lock()
	defer b.unlock()
	b.cancelRequest(s.Sys.(*socket), role(d))
}

// Reads returns how many requests there were for one read of a socket, and for all.
func Reads(s *backend.Socket) (once, multi int) {
	e := s.Sys.(*socket)
	return int(e.current[backend.Reading]), int(e.current[multishot])
}

// ReceiveBy changes the ReceiveMode of a ring that is open.
func (b *Backend) ReceiveBy(m ReceiveMode) {
	b.lock()
	defer b.unlock()
	b.load.mode = m
}

// Load is what decides about the mode.
type Load struct{ load }

func (l *Load) Add(n int)     { l.add(n) }
func (l *Load) OneShot() bool { return l.oneShot() }
