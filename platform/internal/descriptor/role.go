package descriptor

import (
	"fmt"
	"net"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// CheckRole refuses a socket of package net that cannot be used in a role.
func CheckRole(from syscall.Conn, as backend.Role) error {
	return onDescriptor(from, func(fd uintptr) error { return checkRole(fd, as) })
}

func checkRole(fd uintptr, as backend.Role) error {
	kind, err := getInt(fd, syscall.SOL_SOCKET, socketType)
	if err != nil {
		return fmt.Errorf("platform: not a socket: %w", err)
	}
	local, err := syscall.Getsockname(sysHandle(fd))
	if err != nil {
		return err
	}
	peer, perr := syscall.Getpeername(sysHandle(fd))
	if as == backend.Datagrams {
		switch local.(type) {
		case *syscall.SockaddrInet4, *syscall.SockaddrInet6:
		default:
			return fmt.Errorf("platform: not a UDP socket: %w", syscall.EINVAL)
		}
		switch {
		case kind != syscall.SOCK_DGRAM:
			return fmt.Errorf("platform: not a UDP socket: %w", syscall.EINVAL)
		case perr == nil && peer != nil:
			return fmt.Errorf("platform: a UDP socket that is connected: %w", syscall.EISCONN)
		}
		return nil
	}
	if kind != syscall.SOCK_STREAM {
		return fmt.Errorf("platform: not a stream socket: %w", syscall.EINVAL)
	}
	// Not every system tells.
	listens, lerr := getInt(fd, syscall.SOL_SOCKET, acceptConn)
	switch {
	case as == backend.Stream && lerr == nil && listens != 0:
		return fmt.Errorf("platform: a listener, not a connection: %w", syscall.EINVAL)
	case as == backend.Stream && perr != nil:
		return fmt.Errorf("platform: a socket that is not connected: %w", perr)
	case as == backend.Listening && (lerr == nil && listens == 0 || perr == nil):
		return fmt.Errorf("platform: a socket that does not listen: %w", syscall.EINVAL)
	}
	return nil
}

// KeepOptions calls f, which opens a connection of package net for the same socket as
// from, and undoes what that has changed of its options.
func KeepOptions(from syscall.Conn, f func() (net.Conn, error)) (net.Conn, error) {
	options := [...]struct{ level, option int }{
		{syscall.IPPROTO_TCP, syscall.TCP_NODELAY},
		{syscall.IPPROTO_TCP, keepIdle},
		{syscall.IPPROTO_TCP, keepInterval},
		{syscall.IPPROTO_TCP, keepCount},
		{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE},
	}
	var values [len(options)]int
	var errs [len(options)]error
	each := func(c syscall.Conn, do func(i int, fd uintptr)) error {
		return onDescriptor(c, func(fd uintptr) error {
			for i, o := range options {
				if o.option != 0 { // else the system does not have it
					do(i, fd)
				}
			}
			return nil
		})
	}
	err := each(from, func(i int, fd uintptr) { values[i], errs[i] = getInt(fd, options[i].level, options[i].option) })
	if err != nil {
		return nil, err
	}
	c, err := f()
	if err != nil {
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		each(tcp, func(i int, fd uintptr) {
			if errs[i] == nil {
				setInt(fd, options[i].level, options[i].option, values[i])
			}
		})
	}
	return c, nil
}
