package platform

import (
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// What a stream or a listener brings through the request that completes again
// and again, and who gets it.

// read serves a read from what the stream has brought, or sees to it that it
// brings something.
func (b *uring) read(e *ringSocket, op *ops.Operation) bool {
	if e.brought() {
		op.N, op.Err = b.take(e, op)
		return true
	}
	if !e.armed && (room(op) >= directRead || e.scarce) {
		e.scarce = false
		if op.Kind == ops.KindReadVectored {
			b.handVectored(e, op, opRecvmsg)
			b.submit()
			return false
		}
		buf := op.Buf[:min(len(op.Buf), maxTransfer)]
		q := b.hand(e, op, opRecv)
		q.addr, q.len = address(unsafe.SliceData(buf)), uint32(len(buf))
		b.submit()
		return false
	}
	b.arm(e)
	return false
}

// waitReadable ends when the stream has brought something.
func (b *uring) waitReadable(e *ringSocket, op *ops.Operation) bool {
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

// TryRead implements Backend.
func (b *uring) TryRead(s *Socket, buf []byte) (int, error) {
	e := ringSocketOf(s)
	b.lock()
	defer b.unlock()
	if e.brought() {
		return b.result(e, b.fill(e, buf))
	}
	if e.armed { // what comes, comes to the request
		return 0, ops.ErrWouldBlock
	}
	return readResult(recv(e.fd, buf[:min(len(buf), maxTransfer)]))
}

// arm has the stream receive whatever comes.
func (b *uring) arm(e *ringSocket) {
	if e.armed {
		return
	}
	e.armed = true
	q := b.request(e, again, opRecv)
	q.flags, q.ioprio, q.group = sqeBufferSelect, recvMultishot, bufferGroup
	b.submit()
}

// brought reports whether the stream has brought something, if only its end.
func (e *ringSocket) brought() bool { return e.held != 0 || e.errno != 0 || e.ended }

// take moves to the buffers of a read what the stream has brought.
func (b *uring) take(e *ringSocket, op *ops.Operation) (int, error) {
	return b.result(e, b.serve(e, op))
}

// result returns the result of a read that was served n bytes.
func (b *uring) result(e *ringSocket, n int) (int, error) {
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

// fill moves what is held to a buffer, as far as there is both, and returns how
// much.
func (b *uring) fill(e *ringSocket, buf []byte) (n int) {
	for e.held != 0 && n < len(buf) {
		h := &b.held[e.held-1]
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
func (b *uring) accept(e *ringSocket, op *ops.Operation) bool {
	fd := b.accepted(e, op)
	if fd < 0 {
		return op.Err != nil
	}
	conn := Accepted(op)
	conn.lock()
	b.adopt(conn, fd, sysSocket{})
	conn.unlock()
	return true
}

// accepted returns the descriptor of a connection, or -1.
func (b *uring) accepted(e *ringSocket, op *ops.Operation) int {
	b.lock()
	defer b.unlock()
	switch {
	case e.held != 0:
		h := &b.held[e.held-1]
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
func (b *uring) receive(e *ringSocket, c *cqe) {
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
		if e.closed {
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
	case !e.listens || !e.s.queues[reading].empty(): // an accept is there to be told
		e.errno = uint16(errno)
	}
}

// hold keeps what has come until somebody asks for it.
func (b *uring) hold(e *ringSocket, h heldItem) {
	i := b.freeHeld
	if i != 0 {
		b.freeHeld = b.held[i-1].next
		b.held[i-1] = h
	} else {
		b.held = append(b.held, h)
		i = int32(len(b.held))
	}
	if e.held == 0 {
		e.held = i
	} else {
		b.held[e.last-1].next = i
	}
	e.last = i
	e.holding++
}

// drop gives up the first thing that is held.
func (b *uring) drop(e *ringSocket) {
	i := e.held
	h := &b.held[i-1]
	if !e.listens {
		b.buffers.release(h.id)
	} else if h.fd >= 0 {
		unix.Close(int(h.fd))
	}
	e.held = h.next
	e.holding--
	h.next = b.freeHeld
	b.freeHeld = i
}
