//go:build unix

package chains

import (
	"os"
	"syscall"
)

// harmlessSignal is one that a process ignores unless it asks for it.
const harmlessSignal = syscall.SIGWINCH

const canRaise = true

// raise sends the process a signal.
func raise(sig os.Signal) { syscall.Kill(syscall.Getpid(), sig.(syscall.Signal)) }
