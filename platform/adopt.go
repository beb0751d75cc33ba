package platform

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// Sockets of package net that a proactor takes over are in this file.

// AdoptConn opens c, which must not be open, with a connection of package net: a
// *net.TCPConn, or a *net.UnixConn that is a stream. From then on the connection belongs to
// the proactor. nc is closed, its outstanding reads and writes fail with net.ErrClosed, and
// the connection goes on in c, with the options that it has. (Only a linger of more than 0 s
// is dropped: waiting for the peer in Close would hold up the proactor.) If AdoptConn
// fails, nc is unchanged.
//
// Data that the program, or a buffered reader, has already read from nc is not taken over.
// So anything that wraps a connection, such as a *tls.Conn, is refused
// (errors.ErrUnsupported).
//
// To adopt a descriptor, for example one from another process, make a net.Conn of it with
// net.FileConn; whether the descriptor is in blocking mode does not matter. On the
// completion ports of Windows the error is errors.ErrUnsupported: a handle has one port for
// its life, and package net has already bound this one to the port of Go's runtime.
func (p *Proactor) AdoptConn(c *Conn, nc net.Conn) error {
	if c == nil {
		panic("platform: AdoptConn: nil Conn")
	}
	switch nc := nc.(type) {
	case *net.TCPConn:
		if nc != nil {
			return p.adopt(&c.h, nc, backend.Stream)
		}
	case *net.UnixConn:
		if nc != nil {
			return p.adopt(&c.h, nc, backend.Stream)
		}
	}
	return cannotAdopt(nc, "*net.TCPConn or *net.UnixConn")
}

// AdoptListener makes a Listener of one of package net, a *net.TCPListener or a
// *net.UnixListener, as [Proactor.AdoptConn] does with a connection. l is closed, but
// the socket goes on listening, and waiting connections are not lost. Accepted
// connections have the options of a zero [SocketOptions].
//
// The path of a unix listener is not removed when the Listener is closed, since it often
// belongs to another program: see [Listener.SetUnlinkOnClose].
func (p *Proactor) AdoptListener(l net.Listener) (*Listener, error) {
	adopted := new(Listener)
	switch l := l.(type) {
	case *net.TCPListener:
		if l != nil {
			return orNil(adopted, p.adopt(&adopted.h, l, backend.Listening))
		}
	case *net.UnixListener:
		if l != nil {
			return orNil(adopted, p.adopt(&adopted.h, l, backend.Listening))
		}
	}
	return nil, cannotAdopt(l, "*net.TCPListener or *net.UnixListener")
}

// AdoptPacketConn makes a PacketConn of one of package net, a *net.UDPConn that is not
// connected, as [Proactor.AdoptConn] does of a connection.
func (p *Proactor) AdoptPacketConn(c net.PacketConn) (*PacketConn, error) {
	if c, ok := c.(*net.UDPConn); ok && c != nil {
		adopted := new(PacketConn)
		return orNil(adopted, p.adopt(&adopted.h, c, backend.Datagrams))
	}
	return nil, cannotAdopt(c, "*net.UDPConn")
}

func cannotAdopt(from any, want string) error {
	return fmt.Errorf("platform: adopt a %T, which is no %s: %w", from, want, errors.ErrUnsupported)
}

// SetUnlinkOnClose says whether the path of a unix listener is removed when the listener
// is closed. By default it is removed if [Proactor.Listen] made it. A program that hands
// the listener to its successor turns this off. It does nothing for other listeners.
func (l *Listener) SetUnlinkOnClose(unlink bool) error {
	l.h.mustBeRunner()
	s, ok := l.h.lockedOpen()
	if !ok {
		return net.ErrClosed
	}
	defer s.unlock()
	p := s.proactorOf()
	system, err := p.socketBackend()
	if err != nil {
		return err
	}
	at, ok := p.backend.Addr((*backend.Socket)(s), false).(*net.UnixAddr)
	if ok {
		system.SetUnlink((*backend.Socket)(s), unlink && at.Name != "" && at.Name[0] != '@')
	}
	return nil
}

// A closer is a socket of package net.
type closer interface {
	syscall.Conn
	io.Closer
}

// classOf is the class in which an adopted socket is counted.
var classOf = [...]record.Class{backend.Stream: record.Stream, backend.Listening: record.Listener, backend.Datagrams: record.Packets}

// adopt opens a socket for h with one of package net, which it closes then.
func (p *Proactor) adopt(h *handle, from closer, as backend.Role) error {
	system, err := p.socketBackend()
	if err != nil {
		return err
	}
	err = p.openSocket(h, "adopt", func(s *backend.Socket) error {
		s.Class = classOf[as]
		return system.Adopt(s, from, as)
	})
	if err != nil {
		return err
	}
	if l, ok := from.(*net.UnixListener); ok {
		l.SetUnlinkOnClose(false)
	}
	from.Close() // the socket stays open in h
	return nil
}

// socketBackend returns the backend if it has sockets of the system.
func (p *Proactor) socketBackend() (backend.SocketBackend, error) {
	system, ok := p.lowest.(backend.SocketBackend)
	if !ok {
		return nil, fmt.Errorf("platform: %s has no sockets of the system: %w", p.Backend(), errors.ErrUnsupported)
	}
	return system, nil
}
