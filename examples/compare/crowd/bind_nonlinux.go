//go:build !linux

package crowd

import "syscall"

// bindAddressOnly has nothing to do: a crowd binds to an address on Linux only.
func bindAddressOnly(_, _ string, _ syscall.RawConn) error { return nil }
