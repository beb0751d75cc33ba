//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package readiness

import (
	"net"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// Control implements backend.Controller.
func (e *Engine) Control(s *backend.Socket, f func(fd uintptr)) error {
	x := s.Sys.(*socket)
	if x.fd < 0 {
		return net.ErrClosed
	}
	f(uintptr(x.fd))
	return nil
}

// Adopt implements backend.SocketBackend. What is there to be read when a descriptor is
// registered is told as an edge.
func (e *Engine) Adopt(s *backend.Socket, from syscall.Conn, as backend.Role) error {
	fd, is, err := descriptor.Adopt(from, as)
	if err != nil {
		return err
	}
	t := traits{sticky: is.Unix || is.Multipath}
	switch as {
	case backend.Stream:
		t.writable = true
	case backend.Listening:
		t.interest = Connections
		if is.Multipath || e.rules.NoOptions && !is.Unix {
			t.rarities |= configures
		}
	case backend.Datagrams:
		t = ofPackets(is)
	}
	t.rarities |= shared
	return e.attach(s.Sys.(*socket), fd, t)
}

// File implements backend.SocketBackend.
func (e *Engine) File(s *backend.Socket) (*os.File, error) {
	x := s.Sys.(*socket)
	x.rarities |= shared
	return descriptor.File(x.fd)
}

// Share implements backend.SocketBackend.
func (e *Engine) Share(s *backend.Socket) { s.Sys.(*socket).rarities |= shared }

// SetUnlink implements backend.SocketBackend.
func (e *Engine) SetUnlink(s *backend.Socket, unlink bool) {
	s.Sys.(*socket).set(unlinks, unlink)
}
