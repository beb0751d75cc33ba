// Package uring is the backend for the completion interface of Linux, io_uring.
package uring

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
	"github.com/heirloom-go/heirloom/platform/internal/parker"
)

// Backend is the completion interface of Linux, io_uring. Requests are collected
// while handlers run, and go to the kernel together, in one call that does not
// wait, before the leader looks at what has completed. When nothing has, it
// parks in Go's own poller (see package parker).
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
type Backend struct {
	parker.Parker // on the ring
	host          backend.Host
	single        bool
	start         time.Time
	table         backend.Table[socket]

	done [256]cqe
	n    int

	mu       sync.Mutex // see lock
	ring     *ring
	buffers  *ringBuffers
	inflight int64 // requests not reported

	held     []heldItem // see socket.held
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

// Refused returns why the kernel does not let this process use io_uring, or nil. What
// it lets it do once is not asked again.
func Refused() error {
	if works.Load() {
		return nil
	}
	b, err := open(true)
	if err == nil {
		b.Shutdown()
	}
	return err
}

// works is set once there has been a ring.
var works atomic.Bool

// New returns a backend, or says what the kernel lacks.
func New(host backend.Host) (*Backend, error) {
	b, err := open(host.SingleRunner())
	if err != nil {
		return nil, err
	}
	b.host = host
	return b, nil
}

// open opens a ring, and tries again for a while if the kernel says that there is no
// memory for it and a ring was closed a moment ago: what that has locked is given back
// late.
func open(single bool) (b *Backend, err error) {
	for pause := time.Millisecond; ; pause *= 2 {
		b, err = openOnce(single)
		if !errors.Is(err, unix.ENOMEM) {
			return b, err
		}
		if pause > maxPause || time.Now().UnixNano()-lastClosed.Load() > int64(time.Second) {
			return nil, fmt.Errorf("%w: the limit of memory that may be locked (RLIMIT_MEMLOCK) is too low for another ring", err)
		}
		time.Sleep(pause)
	}
}

// maxPause is the longest of the pauses between two tries, each of which is twice as
// long as the one before.
const maxPause = 128 * time.Millisecond

// lastClosed is when a ring was closed, in nanoseconds since 1970.
var lastClosed atomic.Int64

func openOnce(single bool) (*Backend, error) {
	r, err := openRing(single)
	if err != nil {
		return nil, err
	}
	b := &Backend{single: single, ring: r, start: time.Now()}
	if b.buffers, err = newRingBuffers(r.fd); err == nil {
		if err = b.Open(r.fd, "io_uring", b.collect); err != nil {
			r.fd = -1 // closed by Open
		}
	}
	if err != nil {
		b.release()
		return nil, err
	}
	openRings.Store(b, nil)
	works.Store(true)
	return b, nil
}

// openRings keeps backends, and so what their requests are for, reachable until
// they are shut down: the kernel goes on to write into the buffers of a proactor
// that its program has forgotten to close.
var openRings sync.Map

// Name implements backend.Backend.
func (b *Backend) Name() string { return "io_uring" }

// Now implements backend.Backend.
func (b *Backend) Now() int64 { return int64(time.Since(b.start)) }

// Shutdown waits until the kernel has let go of every request, because it may
// be writing to the buffers.
func (b *Backend) Shutdown() {
	if b.inflight > 0 {
		q := b.ring.next()
		q.opcode, q.fd, q.opFlags, q.userData = opAsyncCancel, -1, cancelAny, uint64(nobody)<<32
	}
	for b.inflight > 0 {
		b.Poll(-1)
	}
	b.release()
}

func (b *Backend) release() {
	openRings.Delete(b)
	if b.Opened() {
		b.Close()
	} else if b.ring.fd >= 0 {
		unix.Close(b.ring.fd)
	}
	if b.buffers != nil {
		b.buffers.close()
	}
	b.ring.unmap()
	lastClosed.Store(time.Now().UnixNano())
}

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

// NewSocket implements backend.Backend.
func (b *Backend) NewSocket() *backend.Socket {
	index, e := b.table.New()
	if e.Sys == nil {
		e.Index, e.fd, e.Sys = index, -1, e
	}
	return &e.Socket
}

// FreeSocket implements backend.Backend. The record stays in use until the kernel has
// let go of every request.
func (b *Backend) FreeSocket(s *backend.Socket) {
	e := s.Sys.(*socket)
	e.freed = true
	b.freeIfQuiet(e)
}

// freeIfQuiet takes a record out of use that nobody needs any more. The caller holds
// the lock of the socket.
func (b *Backend) freeIfQuiet(e *socket) {
	if e.freed && e.pending == 0 {
		e.state = state{current: e.current}
		b.table.Free(e.Index)
	}
}

// attach makes fd the descriptor of e. The caller holds the lock of the socket.
func (b *Backend) attach(e *socket, fd int, is descriptor.Traits) {
	e.fd, e.inet6, e.unlink = int32(fd), is.Inet6, is.Unlink
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

// submit sees to it that the kernel gets the requests. The caller holds the
// lock of b.
func (b *Backend) submit() {
	// A leader that does not wait submits them when it looks the next time.
	if b.host.Parked() && !b.single {
		b.ring.send()
	}
}

// cancelRequest asks the kernel to end a request. The caller holds both locks.
func (b *Backend) cancelRequest(e *socket, r role) {
	q := b.ring.next()
	q.opcode, q.flags, q.fd = opAsyncCancel, sqeSkipSuccess, -1
	q.addr, q.userData = e.userData(r), uint64(nobody)<<32
}

// Poll implements backend.Backend. One goroutine at a time calls it.
func (b *Backend) Poll(wait time.Duration) {
	if wait == 0 {
		b.collect()
	} else {
		if !b.flush() && (wait < 0 || wait > time.Millisecond) {
			wait = time.Millisecond // the kernel has no memory for a request
		}
		b.Park(wait)   // which looks first
		b.host.Awake() // nobody needs to wake it meanwhile
	}
	for i := range b.done[:b.n] {
		if c := &b.done[i]; role(c.userData>>32) < roles {
			b.report(b.table.At(uint32(c.userData)), c)
		}
	}
	b.n = 0
}

// flush hands the kernel what it is to do, and reports whether it took it all.
func (b *Backend) flush() bool {
	b.lock()
	defer b.unlock()
	b.ring.send()
	return b.ring.unsent == 0
}

// collect hands the kernel what it is to do and takes what it has done.
func (b *Backend) collect() bool {
	b.lock()
	defer b.unlock()
	b.ring.send()
	if !b.ring.look() {
		return false
	}
	b.n = b.ring.take(b.done[:])
	for i := range b.done[:b.n] {
		if c := &b.done[i]; role(c.userData>>32) < roles && c.flags&cqeMore == 0 {
			b.inflight--
		}
	}
	return true
}

// report tells a socket what the kernel has done for it.
func (b *Backend) report(e *socket, c *cqe) {
	e.Lock()
	var ended *ops.Operation
	if r := role(c.userData >> 32); r != again {
		ended = b.ends(e, backend.Side(r), c)
	} else {
		b.lock()
		b.receive(e, c)
		b.unlock()
		if e.fd >= 0 {
			b.host.Retry(&e.Socket, backend.Reading)
		}
	}
	b.freeIfQuiet(e)
	e.Unlock()
	if ended != nil {
		b.host.Completed(ended)
	}
}

// CloseSocket implements backend.Backend. The kernel keeps what a request is for open
// until it has let go of the request, so they are cancelled first.
func (b *Backend) CloseSocket(s *backend.Socket) error {
	e := s.Sys.(*socket)
	if e.fd < 0 {
		return nil // never got as far
	}
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
	b.ring.send() // before the descriptor can be another's
	b.ring.disown(e.fd)
	if e.pending > 0 {
		ringEnter(b.ring.fd, 0, enterGetevents) // so that it lets go now
	}
	fd := e.fd
	e.fd = -1
	return descriptor.Close(fd, e.unlink)
}

// CloseWrite implements backend.Backend.
func (b *Backend) CloseWrite(s *backend.Socket) error {
	return descriptor.CloseWrite(s.Sys.(*socket).fd)
}

// Addr implements backend.Backend.
func (b *Backend) Addr(s *backend.Socket, peer bool) net.Addr {
	return descriptor.Addr(s.Sys.(*socket).fd, peer)
}

// Listen implements backend.Backend.
func (b *Backend) Listen(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	return b.listen(s, func() (int, descriptor.Traits, error) { return descriptor.OpenListener(network, address, o) })
}

// ListenPacket implements backend.Backend.
func (b *Backend) ListenPacket(s *backend.Socket, network, address string) error {
	return b.listen(s, func() (int, descriptor.Traits, error) { return descriptor.OpenPacket(network, address) })
}

// listen opens s by a function, and tries again for a while if the address is in use:
// a socket that was closed, or whose process has died, with a request outstanding is
// let go of late.
func (b *Backend) listen(s *backend.Socket, open func() (int, descriptor.Traits, error)) error {
	fd, is, err := open()
	for pause := time.Millisecond; errors.Is(err, unix.EADDRINUSE) && pause <= maxPause; pause *= 2 {
		ringEnter(b.ring.fd, 0, enterGetevents)
		time.Sleep(pause)
		fd, is, err = open()
	}
	if err != nil {
		return err
	}
	return b.attachWaiting(s, fd, is)
}

// attachWaiting attaches a descriptor that does not block. The kernel is to wait, not
// to report that it would have to. If that fails, fd is closed.
func (b *Backend) attachWaiting(s *backend.Socket, fd int, is descriptor.Traits) error {
	if err := unix.SetNonblock(fd, false); err != nil {
		unix.Close(fd)
		return os.NewSyscallError("fcntl", err)
	}
	b.attach(s.Sys.(*socket), fd, is)
	return nil
}

// Flush implements backend.Flusher.
func (b *Backend) Flush() { b.flush() }
