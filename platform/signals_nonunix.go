//go:build !unix

package platform

import "syscall"

// uncatchable are the signals that no process can wait for.
var uncatchable = []syscall.Signal{syscall.SIGKILL}
