package descriptor

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// EachBuffer calls f with the parts of the buffers that the first n bytes lie
// in.
func EachBuffer(bufs [][]byte, n int, f func([]byte)) {
	for _, b := range bufs {
		if n == 0 {
			return
		}
		b = b[:min(len(b), n)]
		n -= len(b)
		f(b)
	}
}

// Room returns how many bytes an operation on a stream could transfer.
func Room(op *ops.Operation) (n int) {
	if op.Kind != ops.KindReadVectored && op.Kind != ops.KindWriteVectored {
		return len(op.Buf)
	}
	for _, b := range backend.Buffers(op) {
		n += len(b)
	}
	return n
}

// Vectors is what recvmsg and sendmsg take for the buffers of one side of a
// socket. It lies where the kernel may read it until it is done, and is kept for
// the next operation of the side.
type Vectors struct {
	Header unix.Msghdr
	iovecs []unix.Iovec
}

// Carry makes the buffers what is received or sent, up to some bytes, and returns how
// many they are.
func (v *Vectors) Carry(bufs [][]byte, most int) (size int) {
	v.iovecs = v.iovecs[:0]
	EachBuffer(bufs, most, func(b []byte) {
		if len(b) == 0 {
			return
		}
		iov := unix.Iovec{Base: unsafe.SliceData(b)}
		iov.SetLen(len(b))
		v.iovecs = append(v.iovecs, iov)
		size += len(b)
	})
	v.Header = unix.Msghdr{Iov: unsafe.SliceData(v.iovecs)}
	v.Header.SetIovlen(len(v.iovecs))
	return size
}

// Release lets go of the buffers.
func (v *Vectors) Release() {
	clear(v.iovecs)
	v.Header = unix.Msghdr{}
}

// Receive reads into the buffers of op, with v if they are several, and also returns
// how much room they have for one call.
func Receive(fd int32, op *ops.Operation, v *Vectors) (n, size int, errno syscall.Errno) {
	if op.Kind != ops.KindReadVectored {
		buf := op.Buf[:min(len(op.Buf), MaxTransfer)]
		n, errno = Recv(fd, buf)
		return n, len(buf), errno
	}
	size = v.Carry(backend.Buffers(op), MaxTransfer)
	n, errno = message(unix.SYS_RECVMSG, fd, &v.Header)
	v.Release()
	EachBuffer(backend.Buffers(op), n, RaceWrite)
	return n, size, errno
}

// Transmit writes the buffers of op, with v if they are several, as far as one call
// goes.
func Transmit(fd int32, op *ops.Operation, v *Vectors) (int, syscall.Errno) {
	if op.Kind != ops.KindWriteVectored {
		return Send(fd, op.Buf[:min(len(op.Buf), MaxTransfer)])
	}
	EachBuffer(backend.Buffers(op), v.Carry(backend.Buffers(op), MaxTransfer), RaceRead)
	n, errno := message(unix.SYS_SENDMSG, fd, &v.Header)
	v.Release()
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
