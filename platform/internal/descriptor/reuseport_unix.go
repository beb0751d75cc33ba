//go:build linux || freebsd

package descriptor

import (
	"syscall"
)

// CanReusePort reports whether the system deals the connections of a port out to
// several listeners.
func CanReusePort() bool { return true }

// reusePort lets several sockets have one port, and the kernel deal its connections out
// to them.
func reusePort(fd uintptr) error { return setInt(fd, syscall.SOL_SOCKET, portShared, 1) }
