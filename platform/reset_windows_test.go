package platform_test

import "golang.org/x/sys/windows"

// errReset is what a read of a connection that its peer has reset fails with, errRefused
// a connect to nobody, errInUse a listen where somebody listens, errPipe a write after
// CloseWrite, and errTooLong a write of a packet that is too long.
const (
	errReset   = windows.WSAECONNRESET
	errRefused = windows.WSAECONNREFUSED
	errInUse   = windows.WSAEADDRINUSE
	errPipe    = windows.WSAESHUTDOWN
	errTooLong = windows.WSAEMSGSIZE
)

// errNowhere is what a write of a packet with no address fails with: it depends on the
// call, and on the version of the system.
var errNowhere = oneOf{windows.WSAEDESTADDRREQ, windows.WSAENOTCONN, windows.WSAEINVAL}
