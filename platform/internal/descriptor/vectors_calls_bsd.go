//go:build darwin || dragonfly || freebsd || netbsd || openbsd || (linux && bsdcalls)

package descriptor

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// bounded returns the buffers that MaxTransfer bytes lie in, the last maybe in part, and
// how many bytes they have.
func bounded(bufs [][]byte) (part [][]byte, size int) {
	for i, b := range bufs {
		if size+len(b) > MaxTransfer {
			part = append(part, bufs[:i]...) // a copy: the buffers are the program's
			return append(part, b[:MaxTransfer-size]), MaxTransfer
		}
		size += len(b)
	}
	return bufs, size
}

// Receive reads into the buffers of op, and also returns how much room they have for one
// call. Several buffers are read into with an allocation, of what the kernel takes.
func Receive(fd int32, op *ops.Operation, _ *Vectors) (n, size int, errno syscall.Errno) {
	if op.Kind != ops.KindReadVectored {
		buf := op.Buf[:min(len(op.Buf), MaxTransfer)]
		n, errno = Recv(fd, buf)
		return n, len(buf), errno
	}
	bufs, size := bounded(backend.Buffers(op))
	for {
		n, _, _, _, err := unix.RecvmsgBuffers(int(fd), bufs, nil, unix.MSG_DONTWAIT)
		if err == nil {
			EachBuffer(bufs, n, RaceWrite)
			return n, size, 0
		}
		if err != unix.EINTR {
			return 0, size, errnoOf(err)
		}
	}
}

// Transmit writes the buffers of op, as far as one call goes. Several are written with an
// allocation, of what the kernel takes.
func Transmit(fd int32, op *ops.Operation, _ *Vectors) (int, syscall.Errno) {
	if op.Kind != ops.KindWriteVectored {
		return Send(fd, op.Buf[:min(len(op.Buf), MaxTransfer)])
	}
	bufs, size := bounded(backend.Buffers(op))
	EachBuffer(bufs, size, RaceRead)
	for {
		n, err := unix.SendmsgBuffers(int(fd), bufs, nil, nil, sendFlags)
		if err == nil {
			return n, 0
		}
		if err != unix.EINTR {
			return 0, errnoOf(err)
		}
	}
}
