//go:build !bsdcalls

package descriptor

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

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
