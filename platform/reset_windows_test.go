package platform_test

import "syscall"

// errReset is what a read of a connection that its peer has reset fails with, errRefused
// a connect to nobody, and errInUse a listen where somebody listens.
const (
	errReset   = syscall.WSAECONNRESET
	errRefused = syscall.Errno(10061)
	errInUse   = syscall.Errno(10048)
)
