package platform

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// noListener has the errors of an accept from what does not listen, and goneAway those
// that tell of a single connection that it has ended: those of Windows and those that
// package platform/sim has on every system.
var (
	noListener = []error{windows.WSAEBADF, windows.WSAEINVAL, windows.WSAENOTSOCK, syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK}
	goneAway   = []error{windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.ERROR_NETNAME_DELETED, syscall.ECONNABORTED, syscall.EPROTO}
)
