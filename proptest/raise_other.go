//go:build !unix

package proptest

import (
	"os"
	"syscall"
)

// harmlessSignal is for a simulated system.
const harmlessSignal = syscall.SIGTERM

// canRaise is false where a process cannot send itself a signal without harm.
const canRaise = false

func raise(os.Signal) {}
