//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package readiness

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// What one call does for several packets, and several calls for one operation.

func (s *socket) readBatch(op *ops.Operation) bool {
	s.readable = s.extra().batches[backend.Reading].Receive(s.fd, op)
	return s.readable
}

func (s *socket) writeBatch(op *ops.Operation) bool {
	s.writable = s.extra().batches[backend.Writing].Send(s.fd, op, s.is(inet6))
	return s.writable
}

// sendFile sends a part of a file. If there is more, the kernel is asked to tell of the
// socket once more, be it ready or not, so that others have their turn before the next
// part.
func (e *Engine) sendFile(s *socket, op *ops.Operation) bool {
	file := e.files.FileDescriptor(backend.SourceFile(op))
	ended, full := descriptor.SendFile(s.fd, int32(file), op)
	if ended {
		return true
	}
	if full {
		op.Err = e.awaitRoom(s)
		return op.Err != nil
	}
	op.Err = e.registerAgain(s)
	s.writable = op.Err != nil
	return op.Err != nil
}
