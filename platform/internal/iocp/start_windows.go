package iocp

import (
	"io"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/winsock"
)

// maxTransfer bounds what one call on a stream copies, and so how long it keeps the
// others waiting.
const maxTransfer = 256 << 10

// Start implements backend.Backend.
func (b *Backend) Start(s *backend.Socket, op *ops.Operation) bool {
	x := s.Sys.(*socket)
	if x.handle == windows.InvalidHandle && op.Kind == ops.KindConnect {
		return b.connect(x, op)
	}
	switch op.Kind {
	case ops.KindReadFrom, ops.KindWriteTo, ops.KindReadBatch, ops.KindWriteBatch:
		return b.startPacket(x, op)
	}
	r := &x.requests[backend.SideOf(op.Kind)]
	*r = request{}
	switch op.Kind {
	case ops.KindRead, ops.KindReadVectored, ops.KindWaitReadable:
		return b.read(x, op, r)
	case ops.KindWrite:
		one := bufferOf(op.Buf, maxTransfer)
		return b.issued(x, op, r, winsock.Send(x.handle, &one, 1, &r.n, &r.Overlapped))
	case ops.KindWriteVectored:
		list := x.list(op)
		return b.issued(x, op, r, winsock.Send(x.handle, &list[0], len(list), &r.n, &r.Overlapped))
	case ops.KindAccept:
		return b.accept(x, op, r)
	case ops.KindReadAt, ops.KindWriteAt:
		return b.transfer(x, op, r)
	case ops.KindSync:
		return b.sync(x, r)
	case ops.KindSendFile:
		return b.sendPart(x, op, r)
	}
	op.Err = syscall.EOPNOTSUPP
	return true
}

// issued says what became of a call. It reports whether the operation has ended.
func (b *Backend) issued(x *socket, op *ops.Operation, r *request, errno syscall.Errno) (ended bool) {
	if errno == windows.ERROR_IO_PENDING || errno == 0 && !x.skips {
		r.pending = true
		return false
	}
	if ended = b.conclude(x, op, int(r.n), errno); ended {
		r.reported = true
	}
	return ended
}

// conclude takes the result of the call that was made for an operation, and reports whether
// that has ended. If not, the next call was made. The caller holds the lock.
func (b *Backend) conclude(x *socket, op *ops.Operation, n int, errno syscall.Errno) (ended bool) {
	r := x.request(backend.SideOf(op.Kind))
	if errno == windows.ERROR_OPERATION_ABORTED && n > 0 {
		errno = 0 // that much was done before
	}
	if errno == windows.ERROR_OPERATION_ABORTED {
		x.giveUp(op)
		if !r.canceled && x.handle != windows.InvalidHandle && op.Kind != ops.KindConnect {
			return b.Start(&x.Socket, op) // somebody else has cancelled it by the handle
		}
		op.Err = ops.ErrCanceled
		return true
	}
	switch op.Kind {
	case ops.KindRead, ops.KindReadVectored:
		x.release(op)
		op.N, op.Err = n, readError(n, errno)
	case ops.KindWaitReadable:
		x.failed = errno // nothing promises that the next read fails the same way
	case ops.KindWrite, ops.KindWriteVectored:
		x.release(op)
		op.N, op.Err = n, winsock.Failure("wsasend", errno)
	case ops.KindAccept:
		return b.accepted(x, op, r, errno)
	case ops.KindConnect:
		if op.Err = winsock.Failure("connectex", errno); op.Err == nil {
			op.Err = winsock.Connected(x.handle)
		}
	case ops.KindReadAt, ops.KindWriteAt:
		return b.transferred(x, op, r, n, errno)
	case ops.KindSync:
		op.Err = x.rare.flush.result()
	case ops.KindSendFile:
		return b.partSent(x, op, r, n, errno)
	default:
		b.packetDone(x, op, n, errno)
	}
	return true
}

// giveUp lets go of what an operation has that is cancelled.
func (x *socket) giveUp(op *ops.Operation) {
	switch op.Kind {
	case ops.KindAccept:
		x.rare.accept.close()
	case ops.KindSendFile:
		x.putPart()
	default:
		x.release(op)
	}
}

// readError returns the error of a read from a stream.
func readError(n int, errno syscall.Errno) error {
	if errno == 0 && n == 0 {
		return io.EOF
	}
	return winsock.Failure("wsarecv", errno)
}

// read receives, or waits with a receive of nothing until there is something.
func (b *Backend) read(x *socket, op *ops.Operation, r *request) bool {
	if errno := x.failed; errno != 0 {
		if op.Kind != ops.KindWaitReadable {
			x.failed, op.Err = 0, winsock.Failure("wsarecv", errno)
		}
		return true
	}
	var one windows.WSABuf
	list, count := &one, 1
	switch op.Kind {
	case ops.KindRead:
		one = bufferOf(op.Buf, maxTransfer)
	case ops.KindReadVectored:
		several := x.list(op)
		list, count = &several[0], len(several)
	}
	return b.issued(x, op, r, winsock.Recv(x.handle, list, count, &r.n, &r.flags, &r.Overlapped))
}

// list returns the buffers of a vectored operation as the kernel takes them. It has read them
// when the call returns.
func (x *socket) list(op *ops.Operation) []windows.WSABuf {
	e := x.extra()
	d := backend.SideOf(op.Kind)
	list, left := e.buffers[d][:0], maxTransfer
	for _, buf := range backend.Buffers(op) {
		if len(buf) > 0 {
			list = append(list, bufferOf(buf, left))
		}
		if left -= len(buf); left <= 0 {
			break
		}
	}
	e.buffers[d] = list
	return list
}

// bufferOf returns up to most bytes of b as the kernel takes them.
func bufferOf(b []byte, most int) windows.WSABuf {
	return windows.WSABuf{Len: uint32(min(len(b), most)), Buf: dataOf(b)}
}

// release lets go of the buffers of an operation.
func (x *socket) release(op *ops.Operation) {
	if x.rare != nil {
		clear(x.rare.buffers[backend.SideOf(op.Kind)])
	}
}

// Cancel implements backend.Backend.
func (b *Backend) Cancel(s *backend.Socket, op *ops.Operation) bool {
	x := s.Sys.(*socket)
	r := x.request(backend.SideOf(op.Kind))
	if r == nil || !r.pending {
		// Either a layer has kept it, or its packet has come, and Completed is about
		// to be called.
		return r == nil || !r.reported
	}
	if !r.canceled {
		r.canceled = true
		cancel(x.handle, &r.Overlapped)
	}
	return false
}

// TryRead implements backend.Backend.
func (b *Backend) TryRead(s *backend.Socket, buf []byte) (int, error) {
	x := s.Sys.(*socket)
	if errno := x.failed; errno != 0 {
		x.failed = 0
		return 0, winsock.Failure("wsarecv", errno)
	}
	var n, flags uint32
	list := bufferOf(buf, maxTransfer)
	errno := winsock.Recv(x.handle, &list, 1, &n, &flags, nil)
	if errno == windows.WSAEWOULDBLOCK {
		return 0, ops.ErrWouldBlock
	}
	return int(n), readError(int(n), errno)
}

// TryWrite implements backend.Backend.
func (b *Backend) TryWrite(s *backend.Socket, buf []byte) (int, error) {
	var n uint32
	list := bufferOf(buf, maxTransfer)
	errno := winsock.Send(s.Sys.(*socket).handle, &list, 1, &n, nil)
	if errno == windows.WSAEWOULDBLOCK {
		return 0, ops.ErrWouldBlock
	}
	return int(n), winsock.Failure("wsasend", errno)
}
