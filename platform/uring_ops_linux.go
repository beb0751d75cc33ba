package platform

import (
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// Start implements Backend.
func (b *uring) Start(s *Socket, op *ops.Operation) bool {
	e, d := s.sys.ring, sideOf(op.Kind)
	if e == nil {
		return b.connect(s, op)
	}
	if e.ops[d] == op {
		return false // the kernel has it
	}
	e.told[d] = nil
	if op.Kind == ops.KindAccept {
		return b.accept(e, op)
	}
	b.lock()
	defer b.unlock()
	switch op.Kind {
	case ops.KindRead, ops.KindReadVectored:
		return b.read(e, op)
	case ops.KindWaitReadable:
		return b.waitReadable(e, op)
	case ops.KindWrite:
		buf := op.Buf[:min(len(op.Buf), maxTransfer)]
		raceRead(buf)
		q := b.hand(e, op, opSend)
		q.addr, q.len, q.opFlags = address(unsafe.SliceData(buf)), uint32(len(buf)), unix.MSG_NOSIGNAL
	case ops.KindWriteVectored:
		b.handVectored(e, op, opSendmsg)
	case ops.KindReadFrom:
		m := e.message(reading)
		m.carry(op.Buf, unix.SizeofSockaddrInet6)
		q := b.hand(e, op, opRecvmsg)
		q.ioprio, q.addr, q.len, q.opFlags = recvPollFirst, address(&m.header), 1, unix.MSG_TRUNC
	case ops.KindWriteTo:
		m := e.message(writing)
		size, err := toSockaddr(&m.addr, op.Addr, s.sys.inet6)
		if err != nil {
			op.Err = err
			return true
		}
		raceRead(op.Buf)
		m.carry(op.Buf, uint32(size))
		q := b.hand(e, op, opSendmsg)
		q.addr, q.len, q.opFlags = address(&m.header), 1, unix.MSG_NOSIGNAL
	case ops.KindReadAt, ops.KindWriteAt, ops.KindSync:
		b.handFile(e, op)
	case ops.KindConnect: // again
		q := b.hand(e, op, opConnect)
		q.addr, q.off = address(e.peer), uint64(e.peerSize)
	default:
		op.Err = syscall.EOPNOTSUPP
		return true
	}
	b.submit()
	return false
}

// connect opens a socket and has it connected.
func (b *uring) connect(s *Socket, op *ops.Operation) bool {
	peer, size, err := peerSockaddr(op)
	if err != nil {
		op.Err = err
		return true
	}
	fd, err := openStream(int(peer.Addr.Family), 0)
	if err != nil {
		op.Err = err
		return true
	}
	e := b.adopt(s, fd, sysSocket{})
	e.peer, e.peerSize = peer, size
	return b.Start(s, op)
}

// address returns what the kernel takes for a pointer.
func address[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// message returns what a side of a packet socket works with.
func (e *ringSocket) message(d side) *ringMessage {
	if e.messages == nil {
		e.messages = new([2]ringMessage)
	}
	return &e.messages[d]
}

// carry makes buf what is sent or received, with an address of a size.
func (m *ringMessage) carry(buf []byte, size uint32) {
	m.vector.Base = unsafe.SliceData(buf)
	m.vector.SetLen(len(buf))
	m.header = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&m.addr)), Namelen: size, Iov: &m.vector}
	m.header.SetIovlen(1)
}

// hand returns the request of an operation, which the kernel has from now on.
func (b *uring) hand(e *ringSocket, op *ops.Operation, opcode uint8) *sqe {
	d := sideOf(op.Kind)
	e.ops[d], e.canceled[d] = op, false
	return b.request(e, role(d), opcode)
}

// Cancel implements Backend.
func (b *uring) Cancel(s *Socket, op *ops.Operation) bool {
	e, d := s.sys.ring, sideOf(op.Kind)
	if e.ops[d] != op {
		// Either it waits for what the stream brings, or the kernel has
		// reported it, and Completed is about to be called.
		return e.told[d] != op
	}
	if !e.canceled[d] {
		e.canceled[d] = true
		b.lock()
		b.cancelRequest(e, role(d))
		b.submit()
		b.unlock()
	}
	return false
}

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
	e := s.sys.ring
	b.lock()
	defer b.unlock()
	if e.brought() {
		return b.result(e, b.fill(e, buf))
	}
	if e.armed { // what comes, comes to the request
		return 0, ops.ErrWouldBlock
	}
	n, errno := recv(e.fd, buf[:min(len(buf), maxTransfer)])
	switch {
	case errno == unix.EAGAIN:
		return 0, ops.ErrWouldBlock
	case errno != 0:
		return 0, os.NewSyscallError("read", errno)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
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
		err := os.NewSyscallError("read", e.errno)
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
		op.Err = os.NewSyscallError("accept4", e.errno)
		e.errno = 0
	case !e.armed:
		e.armed, e.listens = true, true
		q := b.request(e, again, opAccept)
		q.ioprio, q.opFlags = acceptMultishot, unix.SOCK_CLOEXEC
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
	case !e.listens || e.s.queues[reading].head != nil: // an accept is there to be told
		e.errno = errno
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

// ends takes the result of the operation of a side and returns it, or nil if it
// was started again. The caller holds the lock of the socket.
func (b *uring) ends(e *ringSocket, d side, c *cqe) *ops.Operation {
	op := e.ops[d]
	e.ops[d] = nil
	e.pending--
	errno := syscall.Errno(-c.res)
	interrupted := errno == unix.EINTR || errno == unix.EAGAIN || errno == unix.ECANCELED
	if interrupted && !e.canceled[d] && !e.closed {
		// Nobody has asked it to end. A request ends so if the thread that
		// has made it does.
		if !b.Start(e.s, op) {
			return nil
		}
	} else if op.Kind == ops.KindConnect && errno == unix.EISCONN {
		op.N = 0 // it was started again when it had succeeded
	} else if op.Kind == ops.KindWaitReadable && c.res >= 0 {
		op.N = 0 // it is the events that there were
	} else if op.N = int(max(c.res, 0)); interrupted {
		op.Err = ops.ErrCanceled
	} else if c.res < 0 {
		op.Err = os.NewSyscallError(callNames[op.Kind], errno)
	}
	switch {
	case op.Err != nil:
	case op.Kind == ops.KindRead, op.Kind == ops.KindReadAt:
		raceWrite(op.Buf[:op.N])
		if op.N == 0 {
			op.Err = io.EOF
		}
	case op.Kind == ops.KindReadVectored:
		eachBuffer(Buffers(op), op.N, raceWrite)
		if op.N == 0 {
			op.Err = io.EOF
		}
	case op.Kind == ops.KindReadFrom:
		op.Addr = fromSockaddr(&e.messages[reading].addr)
		if op.N > len(op.Buf) {
			op.N, op.Err = len(op.Buf), io.ErrShortBuffer
		}
		raceWrite(op.Buf[:op.N])
	}
	if e.messages != nil {
		e.messages[d].carry(nil, 0) // it would keep the buffer
	}
	if e.vectors != nil {
		e.vectors[d].release()
	}
	e.peer = nil
	e.told[d] = op
	return op
}

// callNames are the system calls that do what an operation does.
var callNames = [...]string{
	ops.KindRead: "read", ops.KindWrite: "write", ops.KindConnect: "connect",
	ops.KindReadFrom: "recvfrom", ops.KindWriteTo: "sendto",
	ops.KindReadVectored: "read", ops.KindWriteVectored: "write",
	ops.KindReadAt: "read", ops.KindWriteAt: "write", ops.KindSync: "fsync",
	ops.KindWaitReadable: "poll",
}
