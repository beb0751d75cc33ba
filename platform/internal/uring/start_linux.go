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

// Start implements backend.Backend.
func (b *Backend) Start(s *backend.Socket, op *ops.Operation) bool {
	e, d := s.Sys.(*socket), backend.SideOf(op.Kind)
	if e.fd < 0 {
		return b.connect(e, op)
	}
	if e.submitted[d] {
		return false // the kernel has it
	}
	e.reported[d] = false
	if op.Kind == ops.KindAccept {
		return b.accept(e, op)
	}
	if byTrying(op.Kind) {
		return b.try(e, op)
	}
	b.lock()
	defer b.unlock()
	switch op.Kind {
	case ops.KindRead, ops.KindReadVectored:
		return b.read(e, op)
	case ops.KindWaitReadable:
		return b.waitReadable(e, op)
	case ops.KindWrite:
		buf := op.Buf[:min(len(op.Buf), descriptor.MaxTransfer)]
		descriptor.RaceRead(buf)
		q := b.prepare(e, op, opSend)
		q.addr, q.len, q.opFlags = address(unsafe.SliceData(buf)), uint32(len(buf)), unix.MSG_NOSIGNAL
		b.ring.copies(len(buf))
	case ops.KindWriteVectored:
		b.prepareVectored(e, op, opSendmsg, descriptor.MaxTransfer)
	case ops.KindReadFrom:
		b.prepareReadFrom(e, op)
	case ops.KindWriteTo:
		if op.Err = b.prepareWriteTo(e, op); op.Err != nil {
			return true
		}
	case ops.KindReadAt, ops.KindWriteAt, ops.KindSync:
		b.prepareFile(e, op)
	case ops.KindConnect: // again
		q := b.prepare(e, op, opConnect)
		q.addr, q.off = address(&e.rare.peer.addr), uint64(e.rare.peer.size)
	default:
		op.Err = syscall.EOPNOTSUPP
		return true
	}
	b.submitSoon()
	return false
}

// TryWrite implements backend.Backend.
func (b *Backend) TryWrite(s *backend.Socket, buf []byte) (int, error) {
	n, errno := descriptor.Send(s.Sys.(*socket).fd, buf[:min(len(buf), descriptor.MaxTransfer)])
	switch errno {
	case 0:
		return n, nil
	case unix.EAGAIN:
		return 0, ops.ErrWouldBlock
	}
	return 0, os.NewSyscallError("write", errno)
}

// The packets are apart, as the stack of a coroutine has no room for what they need.

func (b *Backend) prepareReadFrom(e *socket, op *ops.Operation) {
	m := e.message(backend.Reading)
	m.carry(op.Buf, unix.SizeofSockaddrInet6)
	q := b.prepare(e, op, opRecvmsg)
	q.ioprio, q.addr, q.len, q.opFlags = recvPollFirst, address(&m.header), 1, unix.MSG_TRUNC
}

func (b *Backend) prepareWriteTo(e *socket, op *ops.Operation) error {
	m := e.message(backend.Writing)
	size, err := descriptor.ToSockaddr(&m.addr, backend.Addr(op), e.inet6)
	if err != nil {
		return err
	}
	descriptor.RaceRead(op.Buf)
	m.carry(op.Buf, uint32(size))
	q := b.prepare(e, op, opSendmsg)
	q.addr, q.len, q.opFlags = address(&m.header), 1, unix.MSG_NOSIGNAL
	b.ring.copies(len(op.Buf))
	return nil
}

// connect opens a socket and has it connected.
func (b *Backend) connect(e *socket, op *ops.Operation) bool {
	to, size, err := descriptor.PeerSockaddr(op)
	if err != nil {
		op.Err = err
		return true
	}
	if to.Addr.Family == unix.AF_UNIX {
		return b.connectUnix(e, op)
	}
	fd, err := descriptor.OpenSource(op, int(to.Addr.Family), true)
	if err != nil {
		op.Err = err
		return true
	}
	b.attach(e, fd, descriptor.Traits{})
	e.rare = b.extraOfConnect()
	e.rare.peer.addr, e.rare.peer.size = to, size
	return b.Start(&e.Socket, op)
}

// connectUnix connects to a unix listener, which never takes time unless its queue is
// full. The kernel would wait for that, and is not asked to.
func (b *Backend) connectUnix(e *socket, op *ops.Operation) bool {
	fd, err := descriptor.OpenStream(unix.AF_UNIX, false, backend.ConnectOptions(op))
	if err != nil {
		op.Err = err
		return true
	}
	if err := unix.Connect(fd, descriptor.Sockaddr(op)); err != nil {
		unix.Close(fd)
		op.Err = os.NewSyscallError("connect", err)
		return true
	}
	op.Err = b.attachWaiting(&e.Socket, fd, descriptor.Traits{})
	return true
}

// address returns what the kernel takes for a pointer.
func address[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// message returns what a side of a packet socket works with.
func (e *socket) message(d backend.Side) *message {
	x := e.extra()
	if x.messages == nil {
		x.messages = new([2]message)
	}
	return &x.messages[d]
}

// carry makes buf what is sent or received, with an address of a size, if it has one.
func (m *message) carry(buf []byte, size uint32) {
	m.vector.Base = unsafe.SliceData(buf)
	m.vector.SetLen(len(buf))
	m.header = unix.Msghdr{Iov: &m.vector}
	if size > 0 {
		m.header.Name, m.header.Namelen = (*byte)(unsafe.Pointer(&m.addr)), size
	}
	m.header.SetIovlen(1)
}

// prepare returns the request of an operation, which the kernel has from now on.
func (b *Backend) prepare(e *socket, op *ops.Operation, opcode uint8) *sqe {
	d := backend.SideOf(op.Kind)
	e.submitted[d], e.canceled[d] = true, false
	return b.request(e, role(d), opcode)
}

// Cancel implements backend.Backend.
func (b *Backend) Cancel(s *backend.Socket, op *ops.Operation) bool {
	e, d := s.Sys.(*socket), backend.SideOf(op.Kind)
	if !e.submitted[d] {
		// Either it waits for what the stream brings, or the kernel has
		// reported it, and Completed is about to be called.
		return !e.reported[d]
	}
	if !e.canceled[d] {
		e.canceled[d] = true
		b.lock()
		b.cancelRequest(e, role(d))
		b.submitSoon()
		b.unlock()
	}
	return false
}

// finish takes the result of the operation of a side and returns it, or nil if it
// was started again. The caller holds the lock of the socket.
func (b *Backend) finish(e *socket, d backend.Side, c *cqe) *ops.Operation {
	op := e.Queues[d].First()
	e.submitted[d] = false
	e.pending--
	if d == backend.Reading {
		e.drained = c.flags&cqeNonempty == 0 && op.Kind != ops.KindWaitReadable
	}
	if op.Kind == ops.KindAccept {
		return b.finishAccept(e, op, c)
	}
	if byTrying(op.Kind) {
		return b.tryAgain(e, op, c)
	}
	errno := syscall.Errno(-c.res)
	// A connect that was started again before there was an answer waits for that.
	unanswered := op.Kind == ops.KindConnect && errno == unix.EALREADY
	answered := op.Kind == ops.KindConnect && c.res > 0
	interrupted := isInterrupted(errno) || unanswered || answered
	goesOn := e.goesOn(d)
	reach.Sometimes(e.canceled[d] && c.res >= 0, reach.CancelTooLate)
	reach.Sometimes(interrupted && goesOn, reach.RequestInterrupted)
	switch {
	case unanswered && goesOn:
		b.awaitAnswer(e, op)
		return nil
	case interrupted && goesOn:
		if !b.Start(&e.Socket, op) {
			return nil
		}
	case op.Kind == ops.KindConnect && errno == unix.EISCONN:
		op.N = 0 // it was started again when it had succeeded
	case op.Kind == ops.KindWaitReadable && c.res >= 0:
		op.N = 0 // it is the events that there were
	case interrupted:
		op.Err = ops.ErrCanceled
	case c.res < 0:
		op.Err = os.NewSyscallError(callNames[op.Kind], errno)
	default:
		op.N += int(c.res)
		if op.Kind == ops.KindWriteAt && op.N < len(op.Buf) && b.writeRest(e, op, int(c.res), goesOn) {
			return nil
		}
	}
	switch {
	case op.Err != nil:
	case op.Kind == ops.KindRead, op.Kind == ops.KindReadAt:
		descriptor.RaceWrite(op.Buf[:op.N])
		if op.N == 0 {
			op.Err = io.EOF
		}
	case op.Kind == ops.KindReadVectored:
		descriptor.EachBuffer(backend.Buffers(op), op.N, descriptor.RaceWrite)
		if op.N == 0 {
			op.Err = io.EOF
		}
	case op.Kind == ops.KindReadFrom:
		backend.SetSender(op, descriptor.FromSockaddr(&e.rare.messages[backend.Reading].addr))
		if op.N > len(op.Buf) {
			op.N, op.Err = len(op.Buf), io.ErrShortBuffer
		}
		descriptor.RaceWrite(op.Buf[:op.N])
	}
	if op.Kind == ops.KindConnect {
		if op.Err == nil && e.fd >= 0 {
			op.Err = descriptor.ConnectResult(e.fd, op, nil)
		}
		b.keepExtra(e.rare)
		e.rare = nil
	} else if e.rare != nil { // it would keep the buffers
		if m := e.rare.messages; m != nil {
			m[d].carry(nil, 0)
		}
		e.rare.vectors[d].Release()
	}
	e.reported[d] = true
	return op
}

// isInterrupted reports whether a request has ended only because it was cancelled or its
// thread has.
func isInterrupted(errno syscall.Errno) bool {
	return errno == unix.EINTR || errno == unix.EAGAIN || errno == unix.ECANCELED
}

// goesOn reports whether nobody has asked the operation of a side to end.
func (e *socket) goesOn(d backend.Side) bool { return !e.canceled[d] && e.fd >= 0 }

// awaitAnswer waits until a connect can be started again to get its result.
func (b *Backend) awaitAnswer(e *socket, op *ops.Operation) {
	b.lock()
	defer b.unlock()
	q := b.prepare(e, op, opPollAdd)
	q.opFlags = pollOut
	b.submitSoon()
}

// callNames are the system calls that do what an operation does.
var callNames = [...]string{
	ops.KindRead: "read", ops.KindWrite: "write", ops.KindConnect: "connect",
	ops.KindReadFrom: "recvfrom", ops.KindWriteTo: "sendto",
	ops.KindReadVectored: "read", ops.KindWriteVectored: "write",
	ops.KindReadAt: "read", ops.KindWriteAt: "write", ops.KindSync: "fsync",
	ops.KindWaitReadable: "poll",
}

// prepareVectored hands the kernel the buffers of op, up to some bytes, to receive into
// them or to send them.
func (b *Backend) prepareVectored(e *socket, op *ops.Operation, opcode uint8, most int) *sqe {
	v := &e.extra().vectors[backend.SideOf(op.Kind)]
	size := v.Carry(backend.Buffers(op), most)
	if op.Kind == ops.KindWriteVectored {
		descriptor.EachBuffer(backend.Buffers(op), size, descriptor.RaceRead)
	}
	q := b.prepare(e, op, opcode)
	q.addr, q.len, q.opFlags = address(&v.Header), 1, unix.MSG_NOSIGNAL
	b.ring.copies(size)
	return q
}
