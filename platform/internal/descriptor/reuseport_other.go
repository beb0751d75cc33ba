//go:build !linux && !freebsd

package descriptor

import "syscall"

var reusePort func(network, address string, c syscall.RawConn) error
