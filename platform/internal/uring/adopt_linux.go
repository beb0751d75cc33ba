package uring

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

var _ backend.SocketBackend = (*Backend)(nil)

// Control implements backend.Controller.
func (b *Backend) Control(s *backend.Socket, f func(fd uintptr)) error {
	e := s.Sys.(*socket)
	if e.fd < 0 {
		return net.ErrClosed
	}
	f(uintptr(e.fd))
	return nil
}

// Adopt implements backend.SocketBackend. The socket still does not block, as another
// process may have it too, and rely on that. For what is asked of a socket that makes no
// difference: the kernel waits until it is ready and tries again.
func (b *Backend) Adopt(s *backend.Socket, from syscall.Conn, as backend.Role) error {
	fd, is, err := descriptor.Adopt(from, as)
	if err != nil {
		return err
	}
	e := s.Sys.(*socket)
	b.attach(e, fd, is)
	e.shared = as != backend.Stream
	return nil
}

// File implements backend.SocketBackend.
func (b *Backend) File(s *backend.Socket) (*os.File, error) {
	e := s.Sys.(*socket)
	e.shared, e.unblocked = true, false
	b.lock()
	defer b.unlock()
	if e.armed {
		b.disarm(e)
	}
	if e.armed || e.readAhead != 0 {
		return nil, errReadAhead
	}
	if s.Class == record.Stream { // so that a splice does not change what the other relies on
		if err := e.unblock(); err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
	}
	return descriptor.File(e.fd)
}

var errReadAhead = fmt.Errorf("platform: the connection is read ahead: read what there is, and ask again: %w", syscall.EAGAIN)

// Share implements backend.SocketBackend. A stream is still read ahead, or its options would
// cost its speed: to give it away is for File.
func (b *Backend) Share(s *backend.Socket) {
	if s.Class != record.Stream {
		s.Sys.(*socket).shared = true
	}
}

// SetUnlink implements backend.SocketBackend.
func (b *Backend) SetUnlink(s *backend.Socket, unlink bool) { s.Sys.(*socket).unlink = unlink }
