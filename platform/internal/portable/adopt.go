package portable

import (
	"net"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

var _ backend.SocketBackend = (*Backend)(nil)

// A netSocket is what the sockets of package net are.
type netSocket interface {
	syscall.Conn
	File() (*os.File, error)
}

// netSocket returns what there is of package net.
func (sys *socket) netSocket() (netSocket, error) {
	var s any = sys.conn
	switch {
	case sys.listener != nil:
		s = sys.listener
	case sys.packet != nil:
		s = sys.packet
	}
	n, ok := s.(netSocket)
	if !ok {
		return nil, net.ErrClosed
	}
	return n, nil
}

// Control implements backend.Controller.
func (b *Backend) Control(s *backend.Socket, f func(fd uintptr)) error {
	n, err := s.Sys.(*socket).netSocket()
	if err != nil {
		return err
	}
	raw, err := n.SyscallConn()
	if err != nil {
		return err
	}
	return reason(raw.Control(f))
}

// Adopt implements backend.SocketBackend.
func (b *Backend) Adopt(s *backend.Socket, from syscall.Conn, as backend.Role) error {
	if err := descriptor.CheckRole(from, as); err != nil {
		return err
	}
	f, err := from.(netSocket).File()
	if err != nil {
		return err
	}
	defer f.Close()
	sys := new(socket)
	switch as {
	case backend.Stream:
		sys.conn, err = descriptor.KeepOptions(from, func() (net.Conn, error) { return net.FileConn(f) })
	case backend.Listening:
		var l net.Listener
		if l, err = net.FileListener(f); err == nil {
			sys.listener = l.(deadlineListener)
		}
	case backend.Datagrams:
		var c net.PacketConn
		if c, err = net.FilePacketConn(f); err == nil {
			sys.packet = c.(*net.UDPConn)
		}
	}
	if err != nil {
		return err
	}
	if as == backend.Stream {
		if raw, err := from.SyscallConn(); err == nil {
			raw.Control(descriptor.StopLingering)
		}
	}
	s.Sys = sys
	return nil
}

// File implements backend.SocketBackend.
func (b *Backend) File(s *backend.Socket) (*os.File, error) {
	n, err := s.Sys.(*socket).netSocket()
	if err != nil {
		return nil, err
	}
	f, err := n.File()
	return f, reason(err)
}

// Share implements backend.SocketBackend. To close a descriptor here does nothing to others.
func (b *Backend) Share(*backend.Socket) {}

// SetUnlink implements backend.SocketBackend.
func (b *Backend) SetUnlink(s *backend.Socket, unlink bool) {
	if l, ok := s.Sys.(*socket).listener.(*net.UnixListener); ok {
		l.SetUnlinkOnClose(unlink)
	}
}
