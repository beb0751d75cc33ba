package proptest

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// commonErrno returns an error of a socket under the name that it has on every system.
func commonErrno(err error) error {
	errno, _ := errors.AsType[syscall.Errno](err)
	switch errno {
	case windows.WSAECONNRESET, windows.ERROR_NETNAME_DELETED:
		return syscall.ECONNRESET
	case windows.WSAESHUTDOWN:
		return syscall.EPIPE
	case windows.WSAECONNREFUSED:
		return syscall.ECONNREFUSED
	case windows.WSAECONNABORTED:
		return syscall.ECONNABORTED
	case windows.WSAENOTCONN:
		return syscall.ENOTCONN
	case windows.WSAENOBUFS:
		return syscall.ENOBUFS
	}
	return err
}
