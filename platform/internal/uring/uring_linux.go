// Package uring is the backend for the completion interface of Linux, io_uring.
package uring

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/clock"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
	"github.com/heirloom-go/heirloom/platform/internal/parker"
)

// Backend is the completion interface of Linux, io_uring. Requests are collected
// while handlers run, and go to the kernel together before the leader looks at what has
// completed, in calls that do not wait and do not copy much each. When nothing has
// completed, it parks in Go's own poller (see package parker).
//
// An operation is a request of its own, which the kernel has until it says that it is
// done. Only the reads of a stream share one while many streams have something at a
// time: it is made once and receives again and again into buffers of the backend, from
// which they are served. See ReceiveMode. A listener has a request for one connection
// at a time: one that accepts again and again would take all that there are, whether
// or not anybody asks for them.
//
// The kernel knows a request by the number of its socket's place in the table,
// the request's role there, and a count. The place is in use until the last
// request has been reported, so a report finds its own; the count is for a
// cancellation, which may come too late and must miss the next request.
type Backend struct {
	parker.Parker // on the ring
	host          backend.Host
	single        bool
	table         backend.Table[socket]

	done    [256]cqe
	next, n int // those of done that were not reported yet

	mu       sync.Mutex // see lock
	ring     *ring
	buffers  *ringBuffers
	inflight int64 // requests not reported

	load load

	connects []*extra // of connects that have ended, for further ones

	ahead     []aheadItem // see socket.readAhead
	freeAhead int32
	limit     aheadLimit

	pipes descriptor.Pipes
}

const (
	// A read of at least this many bytes receives into its own buffer, if the
	// stream does not receive already.
	directRead = 16 << 10

	// maxReceive bounds a request for one read. When something has come for many of
	// them, the kernel finishes them all in one call, in which the scheduler cannot stop
	// the thread.
	maxReceive = 64 << 10
)

// Name implements backend.Backend.
func (b *Backend) Name() string { return "io_uring" }

// Now implements backend.Backend.
func (b *Backend) Now() int64 { return clock.Now() }

func (b *Backend) lock() {
	if !b.single {
		b.mu.Lock()
	}
}

func (b *Backend) unlock() {
	if !b.single {
		b.mu.Unlock()
	}
}

// userData returns the name of a request.
func (e *socket) userData(r role) uint64 {
	return uint64(e.Index) | uint64(r)<<32 | uint64(e.current[r])<<40
}

// request returns a request of the socket in a role. The caller holds the locks
// of the socket and of b.
func (b *Backend) request(e *socket, r role, opcode uint8) *sqe {
	e.current[r] = (e.current[r] + 1) & (1<<24 - 1)
	e.pending++
	b.inflight++
	q := b.ring.next()
	q.opcode, q.fd, q.userData = opcode, e.fd, e.userData(r)
	return q
}

// submitSoon sees to it that the kernel gets the requests. The caller holds the
// lock of b.
func (b *Backend) submitSoon() {
	// A leader that does not wait submits them when it looks the next time.
	if b.host.Parked() && !b.single {
		b.submit()
	}
}

// submit hands the kernel the requests. If it has no memory for them now, a leader that waits
// is to try again. The caller holds the lock of b.
func (b *Backend) submit() {
	if b.ring.submit(); b.ring.unsent > 0 && !b.single {
		b.Wake()
	}
}

// cancelRequest asks the kernel to end a request. The caller holds both locks.
func (b *Backend) cancelRequest(e *socket, r role) {
	q := b.ring.next()
	q.opcode, q.flags, q.fd = opAsyncCancel, sqeSkipSuccess, -1
	q.addr, q.userData = e.userData(r), uint64(ignored)<<32
}

// Poll implements backend.Backend. One goroutine at a time calls it.
func (b *Backend) Poll(wait time.Duration) {
	switch {
	case b.next < b.n: // what was left when something has panicked
	case wait == 0:
		b.collect()
	default:
		if !b.flush() && (wait < 0 || wait > time.Millisecond) {
			wait = time.Millisecond // the kernel has no memory for a request
		}
		if b.Park(wait) { // which looks first
			b.host.Slept()
		}
		b.host.Awake() // nobody needs to wake it meanwhile
	}
	for b.next < b.n {
		c := &b.done[b.next]
		b.next++
		if role(c.userData>>32) < roles {
			b.report(b.table.At(uint32(c.userData)), c)
		}
	}
}

// flush hands the kernel what it is to do, and reports whether it took it all.
func (b *Backend) flush() bool {
	b.lock()
	defer b.unlock()
	b.ring.submit()
	return b.ring.unsent == 0
}

// collect hands the kernel what it is to do and takes what it has done.
func (b *Backend) collect() bool {
	b.lock()
	defer b.unlock()
	b.ring.submit()
	if !b.ring.look() {
		return false
	}
	b.next, b.n = 0, b.ring.reap(b.done[:])
	results := 0
	for i := range b.done[:b.n] {
		c := &b.done[i]
		if role(c.userData>>32) >= roles {
			continue
		}
		if c.flags&cqeMore == 0 {
			b.inflight--
		}
		if c.res != -int32(unix.ECANCELED) { // a stream that changes its mode is no load
			results++
		}
	}
	if results > 0 {
		b.load.add(results)
	}
	return true
}

// report tells a socket what the kernel has done for it.
func (b *Backend) report(e *socket, c *cqe) {
	if ended := b.reportLocked(e, c); ended != nil {
		b.host.Completed(ended)
	}
}

// reportLocked is report, and returns the operation that has ended, if one has that is
// a request of its own.
func (b *Backend) reportLocked(e *socket, c *cqe) (ended *ops.Operation) {
	e.Lock()
	defer e.Unlock()
	reach.Sometimes(e.fd < 0, reach.CompletionOfClosed)
	if r := role(c.userData >> 32); r != multishot {
		ended = b.finish(e, backend.Side(r), c)
	} else {
		b.lock()
		b.receive(e, c)
		b.unlock()
		if e.fd >= 0 {
			b.host.Retry(&e.Socket, backend.Reading)
		}
	}
	b.freeIfQuiet(e)
	return ended
}

// Flush implements backend.Flusher.
func (b *Backend) Flush() {
	if b.single && b.ring.unsent == 0 {
		return
	}
	b.lock()
	defer b.unlock()
	b.submit()
}
