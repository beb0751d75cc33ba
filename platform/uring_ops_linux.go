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
	e, d := ringSocketOf(s), sideOf(op.Kind)
	if e == nil {
		return b.connect(s, op)
	}
	if e.ops[d] == op {
		return false // the kernel has it
	}
	e.told[d] = false
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
		size, err := toSockaddr(&m.addr, Addr(op), s.sys.inet6)
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
		q.addr, q.off = address(&e.rare.peer.addr), uint64(e.rare.peer.size)
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
	e.extra().peer = &ringPeer{peer, size}
	return b.Start(s, op)
}

// address returns what the kernel takes for a pointer.
func address[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// message returns what a side of a packet socket works with.
func (e *ringSocket) message(d side) *ringMessage {
	x := e.extra()
	if x.messages == nil {
		x.messages = new([2]ringMessage)
	}
	return &x.messages[d]
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
	e, d := ringSocketOf(s), sideOf(op.Kind)
	if e.ops[d] != op {
		// Either it waits for what the stream brings, or the kernel has
		// reported it, and Completed is about to be called.
		return !e.told[d]
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

// ends takes the result of the operation of a side and returns it, or nil if it
// was started again. The caller holds the lock of the socket.
func (b *uring) ends(e *ringSocket, d side, c *cqe) *ops.Operation {
	op := e.ops[d]
	e.ops[d] = nil
	e.pending--
	errno := syscall.Errno(-c.res)
	// A connect that was started again before there was an answer waits for that.
	unanswered := op.Kind == ops.KindConnect && errno == unix.EALREADY
	answered := op.Kind == ops.KindConnect && c.res > 0
	interrupted := errno == unix.EINTR || errno == unix.EAGAIN || errno == unix.ECANCELED || unanswered || answered
	if interrupted && !e.canceled[d] && !e.closed {
		if unanswered {
			b.awaitAnswer(e, op)
			return nil
		}
		// Nobody has asked it to end. A request ends so if the thread that
		// has made it does.
		if !b.Start(e.s, op) {
			return nil
		}
	} else if op.Kind == ops.KindConnect && errno == unix.EISCONN {
		op.N = 0 // it was started again when it had succeeded
	} else if op.Kind == ops.KindWaitReadable && c.res >= 0 {
		op.N = 0 // it is the events that there were
	} else if interrupted {
		op.Err = ops.ErrCanceled
	} else if c.res >= 0 {
		op.N = int(c.res)
	} else {
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
		SetSender(op, fromSockaddr(&e.rare.messages[reading].addr))
		if op.N > len(op.Buf) {
			op.N, op.Err = len(op.Buf), io.ErrShortBuffer
		}
		raceWrite(op.Buf[:op.N])
	}
	if op.Kind == ops.KindConnect {
		e.rare = nil
	} else if e.rare != nil { // it would keep the buffers
		if m := e.rare.messages; m != nil {
			m[d].carry(nil, 0)
		}
		e.rare.vectors[d].release()
	}
	e.told[d] = true
	return op
}

// awaitAnswer waits until a connect can be started again to get its result.
func (b *uring) awaitAnswer(e *ringSocket, op *ops.Operation) {
	b.lock()
	defer b.unlock()
	q := b.hand(e, op, opPollAdd)
	q.opFlags = pollOut
	b.submit()
}

// callNames are the system calls that do what an operation does.
var callNames = [...]string{
	ops.KindRead: "read", ops.KindWrite: "write", ops.KindConnect: "connect",
	ops.KindReadFrom: "recvfrom", ops.KindWriteTo: "sendto",
	ops.KindReadVectored: "read", ops.KindWriteVectored: "write",
	ops.KindReadAt: "read", ops.KindWriteAt: "write", ops.KindSync: "fsync",
	ops.KindWaitReadable: "poll",
}
