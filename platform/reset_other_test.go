//go:build !windows

package platform_test

import "syscall"

// errReset is what a read of a connection that its peer has reset fails with, errRefused
// a connect to nobody, errInUse a listen where somebody listens, errPipe a write after
// CloseWrite, errTooLong a write of a packet that is too long, and errNowhere one of a
// packet with no address.
const (
	errReset   = syscall.ECONNRESET
	errRefused = syscall.ECONNREFUSED
	errInUse   = syscall.EADDRINUSE
	errPipe    = syscall.EPIPE
	errTooLong = syscall.EMSGSIZE
	errNowhere = syscall.EDESTADDRREQ
)
