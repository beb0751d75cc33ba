//go:build !windows

package portable

import "syscall"

// truncated reports whether a packet was longer than the buffer for it, from
// what the call that read it has returned.
func truncated(flags int, err error) bool { return err == nil && flags&syscall.MSG_TRUNC != 0 }
