//go:build !windows

package platform_test

import "syscall"

// errReset is what a read of a connection that its peer has reset fails with, errRefused
// a connect to nobody, and errInUse a listen where somebody listens.
const (
	errReset   = syscall.ECONNRESET
	errRefused = syscall.ECONNREFUSED
	errInUse   = syscall.EADDRINUSE
)
