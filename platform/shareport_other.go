//go:build !linux && !freebsd

package platform

import "syscall"

var sharePort func(network, address string, c syscall.RawConn) error
