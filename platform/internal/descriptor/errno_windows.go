package descriptor

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// A sockError is an error of a socket or of a file that package syscall knows by two
// numbers: that of Windows, such as WSAECONNRESET, and one that it has made up for programs
// which know only the name that other systems have, such as ECONNRESET. It is both.
type sockError struct{ number, name syscall.Errno }

func (e sockError) Error() string   { return e.number.Error() }
func (e sockError) Unwrap() error   { return e.number }
func (e sockError) Timeout() bool   { return e.name.Timeout() }
func (e sockError) Temporary() bool { return e.name.Temporary() }

// Is is for errors.Is.
func (e sockError) Is(target error) bool { return target == e.name }

// names has the names of what Windows has numbers of its own for.
var names = map[syscall.Errno]syscall.Errno{
	windows.ERROR_DISK_FULL:        syscall.ENOSPC,
	windows.ERROR_HANDLE_DISK_FULL: syscall.ENOSPC,
	windows.ERROR_NETNAME_DELETED:  syscall.ECONNRESET,
	windows.WSAEACCES:              syscall.EACCES,
	windows.WSAEADDRINUSE:          syscall.EADDRINUSE,
	windows.WSAEADDRNOTAVAIL:       syscall.EADDRNOTAVAIL,
	windows.WSAEAFNOSUPPORT:        syscall.EAFNOSUPPORT,
	windows.WSAEBADF:               syscall.EBADF,
	windows.WSAECONNABORTED:        syscall.ECONNABORTED,
	windows.WSAECONNREFUSED:        syscall.ECONNREFUSED,
	windows.WSAECONNRESET:          syscall.ECONNRESET,
	windows.WSAEDESTADDRREQ:        syscall.EDESTADDRREQ,
	windows.WSAEFAULT:              syscall.EFAULT,
	windows.WSAEHOSTDOWN:           syscall.EHOSTDOWN,
	windows.WSAEHOSTUNREACH:        syscall.EHOSTUNREACH,
	windows.WSAEINVAL:              syscall.EINVAL,
	windows.WSAEISCONN:             syscall.EISCONN,
	windows.WSAEMFILE:              syscall.EMFILE,
	windows.WSAEMSGSIZE:            syscall.EMSGSIZE,
	windows.WSAENETDOWN:            syscall.ENETDOWN,
	windows.WSAENETRESET:           syscall.ENETRESET,
	windows.WSAENETUNREACH:         syscall.ENETUNREACH,
	windows.WSAENOBUFS:             syscall.ENOBUFS,
	windows.WSAENOPROTOOPT:         syscall.ENOPROTOOPT,
	windows.WSAENOTCONN:            syscall.ENOTCONN,
	windows.WSAENOTSOCK:            syscall.ENOTSOCK,
	windows.WSAEOPNOTSUPP:          syscall.EOPNOTSUPP,
	windows.WSAESHUTDOWN:           syscall.EPIPE,
	windows.WSAETIMEDOUT:           syscall.ETIMEDOUT,
}

// Name returns err as programs may ask for it by the name that other systems have too.
// Of an error of package net only what is inside is changed.
func Name(err error) error {
	switch e := err.(type) {
	case syscall.Errno:
		if name, ok := names[e]; ok {
			return sockError{e, name}
		}
	case *os.SyscallError:
		return &os.SyscallError{Syscall: e.Syscall, Err: Name(e.Err)}
	case *net.OpError:
		e.Err = Name(e.Err)
	}
	return err
}
