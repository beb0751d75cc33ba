package platform

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// uring is the completion interface of Linux, io_uring. Requests are collected
// while handlers run, and go to the kernel together, in one call that does not
// wait, before the leader looks at what has completed. When nothing has, it
// parks in Go's own poller (see parker).
//
// The reads of a stream share one request that is made once and receives again
// and again into buffers of the backend, from which they are served. A listener
// has a request for one connection at a time: one that accepts again and again
// would take all that there are, whether or not anybody asks for them. Every other
// operation is a request of its own, which the kernel has until it says that it is
// done.
//
// The kernel knows a request by the number of its socket's place in the table,
// the request's role there, and a count. The place is in use until the last
// request has been reported, so a report finds its own; the count is for a
// cancellation, which may come too late and must miss the next request.
type uring struct {
	linuxSockets
	parker // on the ring
	p      *Proactor
	start  time.Time

	done  [256]cqe
	doneS [256]*ringSocket
	n     int

	mu       sync.Mutex // see lock
	ring     *ring
	buffers  *ringBuffers
	table    []*ringSocket
	free     []uint32
	inflight int64 // requests not reported

	held     []heldItem // see ringSocket.held
	freeHeld int32
}

const (
	// maxAhead is how much of a stream, in messages, is received before somebody
	// asks for it.
	maxAhead = 8

	// A read of at least so many bytes receives into its own buffer, if the
	// stream does not receive already.
	directRead = 16 << 10
)

func newURing(p *Proactor) (Backend, error) {
	single := p == nil || p.single
	r, err := openRing(single)
	if err != nil {
		return nil, err
	}
	b := &uring{p: p, ring: r, start: time.Now()}
	if b.buffers, err = newRingBuffers(r.fd); err == nil {
		if err = b.open(r.fd, "io_uring", b.collect); err != nil {
			r.fd = -1 // closed by open
		}
	}
	if err != nil {
		b.release()
		return nil, err
	}
	if p != nil {
		p.flush = func() { b.flush() }
	}
	openRings.Store(b, nil)
	return b, nil
}

// openRings keeps backends, and so what their requests are for, reachable until
// they are shut down: the kernel goes on to write into the buffers of a proactor
// that its program has forgotten to close.
var openRings sync.Map

func (b *uring) Name() string { return "io_uring" }
func (b *uring) Now() int64   { return int64(time.Since(b.start)) }

// Shutdown waits until the kernel has let go of every request, because it may
// be writing to the buffers.
func (b *uring) Shutdown() {
	if b.inflight > 0 {
		q := b.ring.next()
		q.opcode, q.fd, q.opFlags, q.userData = opAsyncCancel, -1, cancelAny, uint64(nobody)<<32
	}
	for b.inflight > 0 {
		b.Poll(-1)
	}
	b.release()
}

func (b *uring) release() {
	openRings.Delete(b)
	if b.file != nil {
		b.close()
	} else if b.ring.fd >= 0 {
		unix.Close(b.ring.fd)
	}
	if b.buffers != nil {
		b.buffers.close()
	}
	b.ring.unmap()
}

func (b *uring) lock() {
	if !b.p.single {
		b.mu.Lock()
	}
}

func (b *uring) unlock() {
	if !b.p.single {
		b.mu.Unlock()
	}
}

// adopt makes fd the descriptor of s. The caller holds the lock of s or is
// alone in having it.
func (b *uring) adopt(s *Socket, fd int, sys sysSocket) *ringSocket {
	b.lock()
	defer b.unlock()
	var e *ringSocket
	if n := len(b.free); n > 0 {
		e = b.table[b.free[n-1]]
		b.free = b.free[:n-1]
	} else {
		e = &ringSocket{index: uint32(len(b.table))}
		b.table = append(b.table, e)
	}
	e.s, e.fd = s, int32(fd)
	sys.fd = int32(fd)
	s.sys, s.Sys = sys, e
	return e
}

// forget frees the place of a closed socket that the kernel has let go of. The
// caller holds the lock of b.
func (b *uring) forget(e *ringSocket) {
	*e = ringSocket{index: e.index, current: e.current}
	b.free = append(b.free, e.index)
}

// userData returns the name of a request.
func (e *ringSocket) userData(r role) uint64 {
	return uint64(e.index) | uint64(r)<<32 | uint64(e.current[r])<<40
}

// request returns a request of the socket in a role. The caller holds the locks
// of the socket and of b.
func (b *uring) request(e *ringSocket, r role, opcode uint8) *sqe {
	e.current[r] = (e.current[r] + 1) & (1<<24 - 1)
	e.pending++
	b.inflight++
	q := b.ring.next()
	q.opcode, q.fd, q.userData = opcode, e.fd, e.userData(r)
	return q
}

// submit sees to it that the kernel gets the requests. The caller holds the
// lock of b.
func (b *uring) submit() {
	// A leader that does not wait submits them when it looks the next time.
	if b.p.parked.Load() && !b.p.single {
		b.ring.send()
	}
}

// cancelRequest asks the kernel to end a request. The caller holds both locks.
func (b *uring) cancelRequest(e *ringSocket, r role) {
	q := b.ring.next()
	q.opcode, q.flags, q.fd = opAsyncCancel, sqeSkipSuccess, -1
	q.addr, q.userData = e.userData(r), uint64(nobody)<<32
}

// Poll implements Backend. One goroutine at a time calls it.
func (b *uring) Poll(wait time.Duration) {
	if wait == 0 {
		b.collect()
	} else {
		if !b.flush() && (wait < 0 || wait > time.Millisecond) {
			wait = time.Millisecond // the kernel has no memory for a request
		}
		b.park(wait)            // which looks first
		b.p.parked.Store(false) // nobody needs to wake it meanwhile
	}
	for i := range b.done[:b.n] {
		if e := b.doneS[i]; e != nil {
			b.doneS[i] = nil
			b.report(e, &b.done[i])
		}
	}
	b.n = 0
}

// flush hands the kernel what it is to do, and reports whether it took it all.
func (b *uring) flush() bool {
	b.lock()
	defer b.unlock()
	b.ring.send()
	return b.ring.unsent == 0
}

// collect hands the kernel what it is to do and takes what it has done.
func (b *uring) collect() bool {
	b.lock()
	defer b.unlock()
	b.ring.send()
	if !b.ring.look() {
		return false
	}
	b.n = b.ring.take(b.done[:])
	for i := range b.done[:b.n] {
		if role(b.done[i].userData>>32) < roles {
			b.doneS[i] = b.table[uint32(b.done[i].userData)]
			if b.done[i].flags&cqeMore == 0 {
				b.inflight--
			}
		}
	}
	return true
}

// report tells a socket what the kernel has done for it.
func (b *uring) report(e *ringSocket, c *cqe) {
	s, out := e.s, &b.p.polled
	if !b.p.single {
		s.mu.Lock() // not s.lock: it may be another proactor's by now
	}
	var ended *ops.Operation
	if r := role(c.userData >> 32); r != again {
		ended = b.ends(e, side(r), c)
	} else {
		b.lock()
		b.receive(e, c)
		b.unlock()
		if !e.closed {
			s.advance(reading, out)
		}
	}
	gone := e.closed && e.pending == 0
	if !b.p.single {
		s.mu.Unlock()
	}
	if gone {
		b.lock()
		b.forget(e)
		b.unlock()
	}
	if ended != nil {
		b.p.Completed(ended)
	}
}

// CloseSocket implements Backend. The kernel keeps what a request is for open
// until it has let go of the request, so they are cancelled first.
func (b *uring) CloseSocket(s *Socket) error {
	e := ringSocketOf(s)
	if e == nil {
		return nil
	}
	sys := s.sys
	s.sys, s.Sys = sysSocket{}, nil
	b.lock()
	defer b.unlock()
	if e.armed && !e.stopping {
		b.cancelRequest(e, again)
	}
	if e.held != 0 && !e.listens {
		// What was not read resets the connection, as it does when the kernel
		// has it.
		unix.SetsockoptLinger(int(e.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	for e.held != 0 {
		b.drop(e)
	}
	if e.listens {
		// The thread that has asked for connections may let go of the socket
		// later, but from now on the address is to be free.
		unix.Shutdown(int(e.fd), unix.SHUT_RDWR)
	}
	e.closed = true
	b.ring.send() // before the descriptor can be another's
	b.ring.disown(e.fd)
	if e.pending > 0 {
		ringEnter(b.ring.fd, 0, enterGetevents) // so that it lets go now
	}
	if e.pending == 0 {
		b.forget(e)
	}
	return sys.shut()
}

// Listen implements Backend.
func (b *uring) Listen(s *Socket, network, address string) error {
	return b.listen(s, openListener, network, address)
}

// ListenPacket implements Backend.
func (b *uring) ListenPacket(s *Socket, network, address string) error {
	return b.listen(s, openPacket, network, address)
}

func (b *uring) listen(s *Socket, open func(s *Socket, network, address string) (int, sysSocket, error), network, address string) error {
	fd, sys, err := open(s, network, address)
	if err != nil {
		return err
	}
	// The kernel is to wait, not to report that it would have to.
	if err := unix.SetNonblock(fd, false); err != nil {
		unix.Close(fd)
		return os.NewSyscallError("fcntl", err)
	}
	b.adopt(s, fd, sys)
	return nil
}
