//go:build !unix

package chains

import (
	"os"
	"syscall"
)

// harmlessSignal is one that there is.
const harmlessSignal = syscall.SIGTERM

// canRaise is false where a process cannot send itself a signal without harm. Chains
// do without on a simulated system as well then, so that they see the same.
const canRaise = false

func raise(os.Signal) {}
