//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package readiness

import (
	"io"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// Start implements backend.Backend. The attempt is made at once if it may succeed: a
// write nearly always does, a read only when an edge has said so, because a
// read that finds nothing costs as much as one that finds something.
func (e *Engine) Start(of *backend.Socket, op *ops.Operation) bool {
	s, ok := of.Sys.(*socket)
	if !ok {
		return e.files.Start(of, op)
	}
	switch op.Kind {
	case ops.KindRead, ops.KindReadVectored:
		return s.readable && e.recv(s, op)
	case ops.KindWaitReadable:
		return s.readable && (s.edge || e.peek(s))
	case ops.KindWrite, ops.KindWriteVectored:
		return s.writable && e.send(s, op)
	case ops.KindAccept:
		return s.readable && e.accept(s, op)
	case ops.KindConnect:
		return e.connect(s, op)
	case ops.KindReadFrom:
		return s.readable && e.recvFrom(s, op)
	case ops.KindWriteTo:
		return s.writable && e.sendTo(s, op)
	case ops.KindReadBatch:
		return s.readable && s.readBatch(op)
	case ops.KindWriteBatch:
		return s.writable && s.writeBatch(op)
	case ops.KindSendFile:
		return s.writable && e.sendFile(s, op)
	case ops.KindSplice:
		return s.writable && e.splice(s, op)
	}
	op.Err = syscall.EOPNOTSUPP
	return true
}

func (e *Engine) recv(s *socket, op *ops.Operation) bool {
	n, size, errno := descriptor.Receive(s.fd, op, s.vector(op.Kind))
	n, err := s.took(n, size, errno)
	if err == ops.ErrWouldBlock {
		return false
	}
	op.N, op.Err = n, err
	return true
}

// vector returns what a side of the socket works with for several buffers, or nil if
// an operation of the kind has one.
func (s *socket) vector(k ops.Kind) *descriptor.Vectors {
	if k != ops.KindReadVectored && k != ops.KindWriteVectored {
		return nil
	}
	return &s.extra().vectors[backend.SideOf(k)]
}

// TryRead implements backend.Backend.
func (e *Engine) TryRead(of *backend.Socket, buf []byte) (int, error) {
	s := of.Sys.(*socket)
	if !s.readable {
		return 0, ops.ErrWouldBlock
	}
	buf = buf[:min(len(buf), descriptor.MaxTransfer)]
	n, errno := descriptor.Recv(s.fd, buf)
	return s.took(n, len(buf), errno)
}

// took returns the result of a read of up to size bytes.
func (s *socket) took(n, size int, errno syscall.Errno) (int, error) {
	n, err := descriptor.ReadResult(n, errno)
	s.edge = false // what it told of may have been taken
	reach.Sometimes(err == nil && n < size, reach.ReadShort)
	reach.Sometimes(err == ops.ErrWouldBlock, reach.ReadNothing)
	switch err {
	case nil:
		s.readable = n == size || s.sticky
	case ops.ErrWouldBlock:
		s.readable = false
	}
	return n, err
}

// peek reports whether a read would not have to wait. (To read with MSG_PEEK
// would take an error away from the read.)
func (e *Engine) peek(s *socket) bool {
	s.readable = descriptor.ReadableNow(s.fd)
	return s.readable
}

func (e *Engine) send(s *socket, op *ops.Operation) bool {
	n, errno := descriptor.Transmit(s.fd, op, s.vector(op.Kind))
	n, err := e.sent(s, n, errno)
	if err == ops.ErrWouldBlock {
		return false
	}
	op.N, op.Err = n, err
	return true
}

// TryWrite implements backend.Backend.
func (e *Engine) TryWrite(of *backend.Socket, buf []byte) (int, error) {
	s := of.Sys.(*socket)
	if !s.writable {
		return 0, ops.ErrWouldBlock
	}
	n, errno := descriptor.Send(s.fd, buf[:min(len(buf), descriptor.MaxTransfer)])
	return e.sent(s, n, errno)
}

// sent returns the result of a write.
func (e *Engine) sent(s *socket, n int, errno syscall.Errno) (int, error) {
	switch errno {
	case 0:
		return n, nil
	case syscall.EAGAIN:
		if err := e.awaitRoom(s); err != nil { // from where it tells if there is room by now
			return 0, err
		}
		return 0, ops.ErrWouldBlock
	}
	return 0, os.NewSyscallError("write", errno)
}

// connect starts a connection, and finishes it at the first edge.
func (e *Engine) connect(s *socket, op *ops.Operation) bool {
	if s.connecting {
		if !s.writable {
			return false
		}
		s.connecting = false
		op.Err = descriptor.ConnectResult(s.fd, op, descriptor.ConnectError(s.fd))
		return true
	}
	fd, is, connecting, err := descriptor.StartConnect(op)
	if err != nil {
		op.Err = err
		return true
	}
	// Registered after connect(2): before it, the socket reports a hang-up.
	op.Err = e.attach(s, fd, traits{writable: !connecting, connecting: connecting, sticky: is.Unix})
	if op.Err == nil && !connecting {
		op.Err = descriptor.ConnectResult(s.fd, op, nil)
	}
	return op.Err != nil || !connecting
}

func (e *Engine) recvFrom(s *socket, op *ops.Operation) bool {
	n, from, errno := descriptor.RecvFrom(s.fd, op.Buf)
	switch {
	case errno == syscall.EAGAIN:
		s.readable = false
		return false
	case errno != 0:
		op.Err = os.NewSyscallError("recvfrom", errno)
	default:
		op.N = n
		backend.SetSender(op, from)
		if n > len(op.Buf) {
			op.N, op.Err = len(op.Buf), io.ErrShortBuffer
		}
	}
	return true
}

func (e *Engine) sendTo(s *socket, op *ops.Operation) bool {
	n, err := descriptor.SendTo(s.fd, op.Buf, backend.Addr(op), s.is(inet6))
	if err == ops.ErrWouldBlock {
		s.writable = false
		return false
	}
	op.N, op.Err = n, err
	return true
}
