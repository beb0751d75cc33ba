//go:build dragonfly || freebsd

package descriptor

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// AcceptCall is what Accept calls.
const AcceptCall = "accept4"

// Accept returns a descriptor that does not block and is closed on exec.
func Accept(fd int32) (int, syscall.Errno) {
	for {
		n, _, err := unix.Accept4(int(fd), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil {
			return n, 0
		}
		if err != unix.EINTR && err != unix.ECONNABORTED {
			return -1, errnoOf(err)
		}
	}
}
