//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package descriptor

import (
	"os"

	"golang.org/x/sys/unix"
)

// traitsOf returns what a socket is.
func traitsOf(fd int) (is Traits, err error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return is, os.NewSyscallError("getsockname", err)
	}
	_, is.Unix = sa.(*unix.SockaddrUnix)
	_, is.Inet6 = sa.(*unix.SockaddrInet6)
	return is, nil
}

// choosePortLate does nothing: bind(2) chooses the port.
func choosePortLate(int) {}
