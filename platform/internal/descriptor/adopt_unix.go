//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package descriptor

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// Adopt returns a descriptor of its own for a socket of package net, which does not
// block, if it can be used in a role.
func Adopt(from syscall.Conn, as backend.Role) (fd int, is Traits, err error) {
	if err := CheckRole(from, as); err != nil {
		return -1, is, err
	}
	if fd, err = TakeOver(from); err != nil {
		return -1, is, err
	}
	if err = setNonblock(fd); err == nil {
		is, err = traitsOf(fd)
	}
	if err == nil && as == backend.Listening && !is.Multipath {
		err = Configure(uintptr(fd), !is.Unix, &backend.SocketOptions{})
	}
	if err != nil {
		unix.Close(fd)
		return -1, is, err
	}
	if as == backend.Stream {
		StopLingering(uintptr(fd))
	}
	return fd, is, nil
}

// ConfigureAccepted sets the options of a TCP connection that was accepted and does not
// inherit them. What cannot be set is not missed: the connection may have ended.
func ConfigureAccepted(fd int, o *backend.SocketOptions) { Configure(uintptr(fd), true, o) }

// File returns another descriptor for a socket.
func File(fd int32) (*os.File, error) {
	another, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(another), "socket"), nil
}

// Resets reports whether a stream is to be reset when it is closed.
func Resets(fd int32) bool {
	l, err := unix.GetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER)
	return err == nil && l.Onoff != 0 && l.Linger == 0
}
