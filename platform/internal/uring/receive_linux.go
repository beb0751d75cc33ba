package uring

import (
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// What a stream or a listener brings through the request that completes again
// and again, and who gets it.

// read serves a read from what the stream has brought, or sees to it that it
// brings something.
func (b *Backend) read(e *socket, op *ops.Operation) bool {
	if e.brought() {
		op.N, op.Err = b.take(e, op)
		return true
	}
	if !e.armed && (descriptor.Room(op) >= directRead || e.scarce) {
		e.scarce = false
		if op.Kind == ops.KindReadVectored {
			b.handVectored(e, op, opRecvmsg)
			b.submit()
			return false
		}
		buf := op.Buf[:min(len(op.Buf), descriptor.MaxTransfer)]
		q := b.hand(e, op, opRecv)
		q.addr, q.len = address(unsafe.SliceData(buf)), uint32(len(buf))
		b.submit()
		return false
	}
	b.arm(e)
	return false
}

// waitReadable ends when the stream has brought something.
func (b *Backend) waitReadable(e *socket, op *ops.Operation) bool {
	if e.brought() {
		return true
	}
	if e.scarce && !e.armed {
		e.scarce = false
		q := b.hand(e, op, opPollAdd)
		q.opFlags = pollIn
		b.submit()
		return false
	}
	b.arm(e)
	return false
}

// TryRead implements backend.Backend.
func (b *Backend) TryRead(s *backend.Socket, buf []byte) (int, error) {
	e := s.Sys.(*socket)
	b.lock()
	defer b.unlock()
	if e.brought() {
		return b.result(e, b.fill(e, buf))
	}
	if e.armed { // what comes, comes to the request
		return 0, ops.ErrWouldBlock
	}
	return descriptor.ReadResult(descriptor.Recv(e.fd, buf[:min(len(buf), descriptor.MaxTransfer)]))
}

// arm has the stream receive whatever comes.
func (b *Backend) arm(e *socket) {
	if e.armed {
		return
	}
	e.armed = true
	q := b.request(e, again, opRecv)
	q.flags, q.ioprio, q.group = sqeBufferSelect, recvMultishot, bufferGroup
	b.submit()
}

// brought reports whether the stream has brought something, if only its end.
func (e *socket) brought() bool { return e.held != 0 || e.errno != 0 || e.ended }

// take moves to the buffers of a read what the stream has brought.
func (b *Backend) take(e *socket, op *ops.Operation) (int, error) {
	return b.result(e, b.serve(e, op))
}

// result returns the result of a read that was served n bytes.
func (b *Backend) result(e *socket, n int) (int, error) {
	switch {
	case n > 0:
		return n, nil
	case e.errno != 0:
		err := os.NewSyscallError("read", syscall.Errno(e.errno))
		e.errno = 0
		return 0, err
	}
	return 0, io.EOF
}

// serve moves what the stream has brought to the buffers of a read.
func (b *Backend) serve(e *socket, op *ops.Operation) (n int) {
	if op.Kind != ops.KindReadVectored {
		return b.fill(e, op.Buf)
	}
	for _, buf := range backend.Buffers(op) {
		if e.held == 0 {
			break
		}
		n += b.fill(e, buf)
	}
	return n
}

// fill moves what is held to a buffer, as far as there is both, and returns how
// much.
func (b *Backend) fill(e *socket, buf []byte) (n int) {
	for e.held != 0 && n < len(buf) {
		h := b.first(e)
		m := copy(buf[n:], b.buffers.bytes(h.segment))
		n += m
		h.off += int32(m)
		if h.len -= int32(m); h.len == 0 {
			b.drop(e)
		}
	}
	return n
}

// accept opens a socket with a connection that the listener has brought, or
// sees to it that it brings one.
func (b *Backend) accept(e *socket, op *ops.Operation) bool {
	fd := b.accepted(e, op)
	if fd < 0 {
		return op.Err != nil
	}
	conn := backend.Accepted(op)
	conn.Lock()
	b.attach(conn.Sys.(*socket), fd, descriptor.Traits{})
	conn.Unlock()
	return true
}

// accepted returns the descriptor of a connection, or -1.
func (b *Backend) accepted(e *socket, op *ops.Operation) int {
	b.lock()
	defer b.unlock()
	switch {
	case e.held != 0:
		h := b.first(e)
		fd := int(h.fd)
		h.fd = -1
		b.drop(e)
		return fd
	case e.errno != 0:
		op.Err = os.NewSyscallError("accept4", syscall.Errno(e.errno))
		e.errno = 0
	case !e.armed:
		e.armed, e.listens = true, true
		q := b.request(e, again, opAccept)
		q.opFlags = unix.SOCK_CLOEXEC
		b.submit()
	}
	return -1
}

// receive takes in what a request has brought that completes again and again.
func (b *Backend) receive(e *socket, c *cqe) {
	if c.flags&cqeMore == 0 {
		e.armed, e.stopping = false, false
		e.pending--
	}
	var h heldItem
	switch {
	case c.flags&cqeBuffer != 0:
		h.fd = -1
		h.segment = b.buffers.received(uint16(c.flags>>cqeBufferShift), max(c.res, 0), c.flags&cqeBufMore != 0)
		if c.res <= 0 {
			b.buffers.release(h.id)
		}
	case c.res >= 0:
		h.fd = c.res
	}
	switch errno := syscall.Errno(-c.res); {
	case c.res > 0 || c.res == 0 && e.listens:
		b.hold(e, h)
		if e.fd < 0 {
			b.drop(e)
		} else if e.holding >= maxAhead && e.armed && !e.stopping {
			e.stopping = true
			b.cancelRequest(e, again)
		}
	case c.res == 0:
		e.ended = true
	case errno == unix.ENOBUFS && !e.listens:
		e.scarce = true
	case errno == unix.ECANCELED || errno == unix.EINTR || errno == unix.ECONNABORTED:
	case !e.listens || !e.Queues[backend.Reading].Empty(): // an accept is there to be told
		e.errno = uint16(errno)
	}
}

// hold keeps what has come until somebody asks for it.
func (b *Backend) hold(e *socket, h heldItem) {
	i := b.freeHeld
	if i != 0 {
		b.freeHeld = b.held[i-1].next
	} else {
		b.held = append(b.held, heldItem{})
		i = int32(len(b.held))
	}
	if e.held == 0 {
		h.next = i
	} else {
		last := &b.held[e.held-1]
		h.next, last.next = last.next, i
	}
	b.held[i-1] = h
	e.held = i
	e.holding++
}

// first returns the first thing that is held.
func (b *Backend) first(e *socket) *heldItem { return &b.held[b.held[e.held-1].next-1] }

// drop gives up the first thing that is held.
func (b *Backend) drop(e *socket) {
	last := &b.held[e.held-1]
	i := last.next
	h := &b.held[i-1]
	if !e.listens {
		b.buffers.release(h.id)
	} else if h.fd >= 0 {
		unix.Close(int(h.fd))
	}
	if last == h {
		e.held = 0
	} else {
		last.next = h.next
	}
	e.holding--
	h.next = b.freeHeld
	b.freeHeld = i
}
