package uring

import (
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// What a stream brings, and who gets it.

// read serves a read from what the stream has brought, or sees to it that it
// brings something.
func (b *Backend) read(e *socket, op *ops.Operation) bool {
	if e.hasInput() {
		op.N, op.Err = b.result(e, b.serve(e, op))
		return true
	}
	if b.mayAsk(e, descriptor.Room(op) >= directRead) {
		b.readOnce(e, op)
	}
	return false
}

// mayAsk reports whether an operation is to be a request of its own. If not, it is
// started again when the stream has brought something or has ended its request.
func (b *Backend) mayAsk(e *socket, direct bool) bool {
	switch {
	case e.armed:
		if e.shared || b.load.oneShot() {
			b.disarm(e)
		}
		return false
	case direct || e.shared || e.noBuffers || b.load.oneShot():
		e.noBuffers = false
		return true
	}
	b.arm(e)
	return false
}

// readOnce has the kernel receive into the buffers of a read.
func (b *Backend) readOnce(e *socket, op *ops.Operation) {
	var q *sqe
	if op.Kind == ops.KindReadVectored {
		q = b.prepareVectored(e, op, opRecvmsg, maxReceive)
	} else {
		buf := op.Buf[:min(len(op.Buf), maxReceive)]
		q = b.prepare(e, op, opRecv)
		q.addr, q.len = address(unsafe.SliceData(buf)), uint32(len(buf))
		b.ring.copies(len(buf))
	}
	if e.drained { // a try would be in vain
		q.ioprio = recvPollFirst
		b.ring.copies(0)
	}
	b.submitSoon()
}

// waitReadable ends when the stream has brought something.
func (b *Backend) waitReadable(e *socket, op *ops.Operation) bool {
	if e.hasInput() {
		return true
	}
	if b.mayAsk(e, false) {
		q := b.prepare(e, op, opPollAdd)
		q.opFlags = pollIn
		b.submitSoon()
	}
	return false
}

// TryRead implements backend.Backend.
func (b *Backend) TryRead(s *backend.Socket, buf []byte) (int, error) {
	e := s.Sys.(*socket)
	b.lock()
	defer b.unlock()
	if e.hasInput() {
		return b.result(e, b.fill(e, buf))
	}
	if e.armed { // what comes, comes to the request
		return 0, ops.ErrWouldBlock
	}
	n, errno := descriptor.Recv(e.fd, buf[:min(len(buf), descriptor.MaxTransfer)])
	e.drained = n < len(buf)
	return descriptor.ReadResult(n, errno)
}

// arm has the stream receive whatever comes.
func (b *Backend) arm(e *socket) {
	e.armed = true
	q := b.request(e, multishot, opRecv)
	q.flags, q.ioprio, q.group, q.most = sqeBufferSelect, recvMultishot, bufferGroup, b.limit.bytes
	b.submitSoon()
}

// disarm has the stream receive no more than what it is about to. The caller holds both
// locks.
func (b *Backend) disarm(e *socket) {
	if !e.stopping {
		e.stopping = true
		reach.Sometimes(true, reach.MultishotStopped)
		b.cancelRequest(e, multishot)
		b.submitSoon()
	}
}

// hasInput reports whether the stream has brought something, if only its end.
func (e *socket) hasInput() bool { return e.readAhead != 0 || e.errno != 0 || e.ended }

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
		if e.readAhead == 0 {
			break
		}
		n += b.fill(e, buf)
	}
	return n
}

// fill moves what was read ahead to a buffer, as far as there is both, and returns how
// much.
func (b *Backend) fill(e *socket, buf []byte) (n int) {
	for e.readAhead != 0 && n < len(buf) {
		h := b.firstAhead(e)
		m := copy(buf[n:], b.buffers.bytes(h.segment))
		n += m
		h.off += int32(m)
		if h.len -= int32(m); h.len == 0 {
			b.dropAhead(e)
		}
	}
	return n
}

// receive takes in what a request has brought that completes again and again.
func (b *Backend) receive(e *socket, c *cqe) {
	reach.Sometimes(c.res > 0 && e.Queues[backend.Reading].Empty(), reach.ReadAhead)
	reach.Sometimes(c.flags&cqeMore == 0 && c.res > 0, reach.MultishotEnded)
	if c.flags&cqeMore == 0 {
		e.armed, e.stopping = false, false
		e.pending--
	}
	var h aheadItem
	if c.flags&cqeBuffer != 0 {
		h.segment = b.buffers.received(uint16(c.flags>>cqeBufferShift), max(c.res, 0), c.flags&cqeBufMore != 0)
		if c.res <= 0 {
			b.buffers.release(h.id)
		}
	}
	switch errno := syscall.Errno(-c.res); {
	case c.res > 0:
		b.pushAhead(e, h)
		if e.fd < 0 {
			b.dropAhead(e)
		} else if e.aheads >= b.limit.messages && e.armed {
			b.disarm(e)
		}
	case c.res == 0:
		e.ended = true
	case errno == unix.ENOBUFS:
		reach.Sometimes(true, reach.NoBuffers)
		e.noBuffers = true
	case errno == unix.ECANCELED || errno == unix.EINTR:
	default:
		e.errno = uint16(errno)
	}
}

// An aheadLimit bounds what of a stream is received before somebody asks for it.
type aheadLimit struct {
	bytes    uint32 // that a request receives in all, but for the rest of a message, or 0
	messages uint16 // after so many the request is cancelled
}

// With a kernel that limits the bytes, messages are counted only against a peer which
// sends very short ones.
var (
	limited    = aheadLimit{64 << 10, 256}
	notLimited = aheadLimit{0, 8}
)

// pushAhead keeps what has come until somebody asks for it.
func (b *Backend) pushAhead(e *socket, h aheadItem) {
	if e.readAhead != 0 {
		// What lies behind the last in one buffer is more of it.
		if last := &b.ahead[e.readAhead-1]; last.id == h.id && last.off+last.len == h.off {
			last.len += h.len
			b.buffers.release(h.id)
			return
		}
	}
	i := b.freeAhead
	if i != 0 {
		b.freeAhead = b.ahead[i-1].next
	} else {
		b.ahead = append(b.ahead, aheadItem{})
		i = int32(len(b.ahead))
	}
	if e.readAhead == 0 {
		h.next = i
	} else {
		last := &b.ahead[e.readAhead-1]
		h.next, last.next = last.next, i
	}
	b.ahead[i-1] = h
	e.readAhead = i
	e.aheads++
}

// firstAhead returns the first thing that was read ahead.
func (b *Backend) firstAhead(e *socket) *aheadItem { return &b.ahead[b.ahead[e.readAhead-1].next-1] }

// dropAhead gives up the first thing that was read ahead.
func (b *Backend) dropAhead(e *socket) {
	last := &b.ahead[e.readAhead-1]
	i := last.next
	h := &b.ahead[i-1]
	b.buffers.release(h.id)
	if last == h {
		e.readAhead = 0
	} else {
		last.next = h.next
	}
	e.aheads--
	h.next = b.freeAhead
	b.freeAhead = i
}
