//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package readiness

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// Splices implements backend.Splicer.
func (e *Engine) Splices(of *backend.Socket) bool {
	s, ok := of.Sys.(*socket)
	return ok && s.spliceable.Of(s.fd)
}

// TrySplice implements backend.Splicer. If nothing was taken, a read may still find
// something: a splice stops at urgent data, which a read skips.
func (e *Engine) TrySplice(of *backend.Socket, op *ops.Operation) (taken bool, err error) {
	s := of.Sys.(*socket)
	if !s.readable {
		return false, nil
	}
	if taken, err = e.pipes.Take(s.fd, op); taken {
		s.edge = false // what it told of may have been taken
	}
	return taken, err
}

// splice writes what was taken.
func (e *Engine) splice(s *socket, op *ops.Operation) (ended bool) {
	if descriptor.Put(s.fd, op) {
		return true
	}
	op.Err = e.awaitRoom(s)
	return op.Err != nil
}

// EndSplice implements backend.Splicer.
func (e *Engine) EndSplice(op *ops.Operation) { e.pipes.End(op) }
