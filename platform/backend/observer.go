package backend

import "github.com/heirloom-go/heirloom/ops"

// An Observer is a layer over a backend (see platform.WithLayer) that is told when
// the backend below completes an operation by [Host.Completed].
type Observer interface {
	Backend

	// Observe is called before the proactor gets the operation back. It must not
	// panic, or the operation would be lost.
	Observe(op *ops.Operation)
}
