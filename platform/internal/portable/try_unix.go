//go:build unix

package portable

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
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
func readNow(_ net.Conn, fd uintptr, b []byte) (int, error) {
	for {
		n, err := unix.Read(int(fd), b)
		switch err {
		case nil:
			return n, nil
		case unix.EAGAIN:
			return 0, ops.ErrWouldBlock
		case unix.EINTR:
		default:
			return 0, os.NewSyscallError("read", err)
		}
	}
}
