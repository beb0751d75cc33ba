//go:build bsdcalls || darwin || dragonfly || freebsd || netbsd || openbsd

package descriptor

import (
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
)

// Pipes are for splice(2), which this system does not have.
type Pipes struct{}

// Spliceable is whether splice(2) works with a socket.
type Spliceable struct{}

// Of reports false.
func (*Spliceable) Of(int32) bool { return false }

// Take takes nothing.
func (*Pipes) Take(int32, *ops.Operation) (bool, error) { return false, nil }

// Put fails: Take has taken nothing.
func Put(_ int32, op *ops.Operation) (ended bool) {
	op.Err = syscall.EOPNOTSUPP
	return true
}

// End does nothing.
func (*Pipes) End(*ops.Operation) {}

// Shutdown does nothing.
func (*Pipes) Shutdown() {}
