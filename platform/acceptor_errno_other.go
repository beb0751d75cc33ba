//go:build !windows

package platform

import "syscall"

// noListener has the errors of an accept from what does not listen, and goneAway those
// that tell of a single connection that it has ended.
var (
	noListener = []error{syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK}
	goneAway   = []error{syscall.ECONNABORTED, syscall.EPROTO}
)
