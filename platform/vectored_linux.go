package platform

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// eachBuffer calls f with the parts of the buffers that the first n bytes lie
// in.
func eachBuffer(bufs [][]byte, n int, f func([]byte)) {
	for _, b := range bufs {
		if n == 0 {
			return
		}
		b = b[:min(len(b), n)]
		n -= len(b)
		f(b)
	}
}

// room returns how many bytes an operation on a stream could transfer.
func room(op *ops.Operation) (n int) {
	if op.Kind != ops.KindReadVectored && op.Kind != ops.KindWriteVectored {
		return len(op.Buf)
	}
	for _, b := range Buffers(op) {
		n += len(b)
	}
	return n
}

// vectors is what recvmsg and sendmsg take for the buffers of one side of a
// socket. It lies where the kernel may read it until it is done, and is kept for
// the next operation of the side.
type vectors struct {
	header unix.Msghdr
	iovecs []unix.Iovec
}

// vectors returns those of a side of a stream on epoll, which are made when first
// needed and are all that Sys is for there.
func (s *Socket) vectors(d side) *vectors {
	v, ok := s.Sys.(*[2]vectors)
	if !ok {
		v = new([2]vectors)
		s.Sys = v
	}
	return &v[d]
}

// carry makes the buffers what is received or sent, up to maxTransfer bytes,
// and returns how many bytes they are.
func (v *vectors) carry(bufs [][]byte) (size int) {
	v.iovecs = v.iovecs[:0]
	eachBuffer(bufs, maxTransfer, func(b []byte) {
		if len(b) == 0 {
			return
		}
		iov := unix.Iovec{Base: unsafe.SliceData(b)}
		iov.SetLen(len(b))
		v.iovecs = append(v.iovecs, iov)
		size += len(b)
	})
	v.header = unix.Msghdr{Iov: unsafe.SliceData(v.iovecs)}
	v.header.SetIovlen(len(v.iovecs))
	return size
}

// release lets go of the buffers.
func (v *vectors) release() {
	clear(v.iovecs)
	v.header = unix.Msghdr{}
}

// receive reads into the buffers of op, and also returns how much room they
// have for one call.
func (s *Socket) receive(op *ops.Operation) (n, size int, errno syscall.Errno) {
	if op.Kind != ops.KindReadVectored {
		buf := op.Buf[:min(len(op.Buf), maxTransfer)]
		n, errno = recv(s.sys.fd, buf)
		return n, len(buf), errno
	}
	v := s.vectors(reading)
	size = v.carry(Buffers(op))
	n, errno = message(unix.SYS_RECVMSG, s.sys.fd, &v.header)
	v.release()
	eachBuffer(Buffers(op), n, raceWrite)
	return n, size, errno
}

// send writes the buffers of op, as far as one call goes.
func (s *Socket) send(op *ops.Operation) (int, syscall.Errno) {
	if op.Kind != ops.KindWriteVectored {
		return send(s.sys.fd, op.Buf[:min(len(op.Buf), maxTransfer)])
	}
	v := s.vectors(writing)
	eachBuffer(Buffers(op), v.carry(Buffers(op)), raceRead)
	n, errno := message(unix.SYS_SENDMSG, s.sys.fd, &v.header)
	v.release()
	return n, errno
}

// message calls recvmsg or sendmsg, as recv and send are called.
func message(call uintptr, fd int32, header *unix.Msghdr) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(header)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// handVectored hands the kernel the buffers of op, to receive into them or to
// send them.
func (b *uring) handVectored(e *ringSocket, op *ops.Operation, opcode uint8) {
	v := &e.extra().vectors[sideOf(op.Kind)]
	size := v.carry(Buffers(op))
	if op.Kind == ops.KindWriteVectored {
		eachBuffer(Buffers(op), size, raceRead)
	}
	q := b.hand(e, op, opcode)
	q.addr, q.len, q.opFlags = address(&v.header), 1, unix.MSG_NOSIGNAL
}

// serve moves what the stream has brought to the buffers of a read.
func (b *uring) serve(e *ringSocket, op *ops.Operation) (n int) {
	if op.Kind != ops.KindReadVectored {
		return b.fill(e, op.Buf)
	}
	for _, buf := range Buffers(op) {
		if e.held == 0 {
			break
		}
		n += b.fill(e, buf)
	}
	return n
}
