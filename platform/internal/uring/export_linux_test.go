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

// Requests returns how many requests there were.
func (b *Backend) Requests() uint32 {
	b.lock()
	defer b.unlock()
	return b.ring.tail
}

// Unsent returns how many of the requests the kernel has not got yet.
func (b *Backend) Unsent() uint32 {
	b.lock()
	defer b.unlock()
	return b.ring.unsent
}

// Copied returns how many bytes each of the requests may copy that were made since there
// were n.
func (b *Backend) Copied(n uint32) (copied []int) {
	b.lock()
	defer b.unlock()
	for r := b.ring; n != r.tail; n++ {
		copied = append(copied, int(r.copied[n&uint32(len(r.sqes)-1)]))
	}
	return copied
}

// Batches returns how many requests each call hands over, of some that copy so many
// bytes each.
func Batches(copied ...int) (batches []int) {
	const size = 128
	r := &ring{sqes: make([]sqe, size), copied: make([]uint32, size)}
	r.tail -= 3 // it wraps around
	for _, n := range copied {
		r.next()
		r.copies(n)
	}
	for r.unsent > 0 {
		n := r.batch()
		batches = append(batches, int(n))
		r.unsent -= n
	}
	return batches
}

// WatchesRoom reports whether a socket has a descriptor that says when there is room to write.
func WatchesRoom(s *backend.Socket) bool {
	e := s.Sys.(*socket)
	return e.rare != nil && e.rare.room > 0
}

// Limits reports whether the kernel limits what a request receives in all.
func (b *Backend) Limits() bool { return b.ring.limits }

// Ahead returns how many bytes a stream has brought that nobody has asked for, and
// whether it may bring more.
func (b *Backend) Ahead(s *backend.Socket) (n int, more bool) {
	e := s.Sys.(*socket)
	b.lock()
	defer b.unlock()
	if e.readAhead == 0 {
		return 0, e.armed
	}
	for i := b.ahead[e.readAhead-1].next; ; i = b.ahead[i-1].next {
		if n += int(b.ahead[i-1].len); i == e.readAhead {
			return n, e.armed
		}
	}
}

// Cancels returns how many requests there were to end another, as long as there was no
// more than a ring full of requests.
func (b *Backend) Cancels() (n int) {
	b.lock()
	defer b.unlock()
	for _, q := range b.ring.sqes[:min(int(b.ring.tail), len(b.ring.sqes))] {
		if q.opcode == opAsyncCancel {
			n++
		}
	}
	return n
}
