package uring

import (
	"os"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// Splices implements backend.Splicer.
func (b *Backend) Splices(s *backend.Socket) bool {
	e := s.Sys.(*socket)
	return e.fd >= 0 && e.spliceable.Of(e.fd)
}

// TrySplice implements backend.Splicer.
func (b *Backend) TrySplice(s *backend.Socket, op *ops.Operation) (taken bool, err error) {
	e := s.Sys.(*socket)
	if b.brings(e) {
		return false, nil
	}
	if e.unblock() != nil {
		return false, nil // a read needs no such thing
	}
	if taken, err = b.pipes.Take(e.fd, op); taken {
		e.drained = false // the pipe may have been full before
	}
	return taken, err
}

// brings reports whether the ring delivers what the stream brings next.
func (b *Backend) brings(e *socket) bool {
	b.lock()
	defer b.unlock()
	return e.hasInput() || e.armed
}

// splice writes what was taken.
func (b *Backend) splice(e *socket, op *ops.Operation) (ended bool) {
	if err := e.unblock(); err != nil {
		op.Err = os.NewSyscallError("fcntl", err)
		return true
	}
	return descriptor.Put(e.fd, op)
}

// EndSplice implements backend.Splicer.
func (b *Backend) EndSplice(op *ops.Operation) { b.pipes.End(op) }
