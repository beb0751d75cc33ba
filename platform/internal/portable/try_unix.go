//go:build unix

package portable

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// readable returns a function that reports whether a read of a descriptor would
// not have to wait. One goroutine at a time calls it.
func readable() func(fd uintptr) bool {
	fds := make([]unix.PollFd, 1)
	return func(fd uintptr) bool {
		fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		n, err := unix.Poll(fds, 0)
		return n > 0 || err != nil && err != unix.EINTR
	}
}

// readNow reads without waiting: the descriptors of package net do not block.
func readNow(_ net.Conn, fd uintptr, b []byte) (int, error) { return now("read", unix.Read, fd, b) }

// writeNow writes without waiting.
func writeNow(fd uintptr, b []byte) (int, error) { return now("write", unix.Write, fd, b) }

func now(what string, call func(fd int, b []byte) (int, error), fd uintptr, b []byte) (int, error) {
	b = b[:min(len(b), descriptor.MaxWrite)]
	for {
		n, err := call(int(fd), b)
		switch err {
		case nil:
			return n, nil
		case unix.EAGAIN:
			return 0, ops.ErrWouldBlock
		case unix.EINTR:
		default:
			return 0, os.NewSyscallError(what, err)
		}
	}
}
