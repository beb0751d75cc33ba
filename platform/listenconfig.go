package platform

import (
	"io/fs"
	"net"
	"syscall"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// SocketOptions are the options of a stream connection. The zero value has the defaults
// of package net; options of TCP are ignored for unix connections. See "Options of
// sockets" in the package documentation for a table.
type SocketOptions struct {
	// Delay lets the system hold back a small write until the peer has acknowledged
	// the one before (Nagle's algorithm). Otherwise it is sent at once.
	Delay bool

	// KeepAlive says when the system probes a silent TCP peer, and after how many
	// unanswered probes the connection fails. Fields that are 0 mean 15 s, 15 s and 9
	// probes; negative ones keep the system's default. Enable is ignored.
	KeepAlive net.KeepAliveConfig

	// NoKeepAlive turns the probes off. A connection that only reads then never
	// notices that its peer has vanished.
	NoKeepAlive bool

	// ReadBuffer and WriteBuffer are the sizes in bytes of the system's receive and send
	// buffers. With 0 the system chooses, and most systems adapt the size to the
	// connection. Linux doubles the size, for its own needs, and limits it by
	// net.core.rmem_max and wmem_max.
	ReadBuffer, WriteBuffer int
}

// A ListenConfig has options for listeners and packet sockets. [Proactor.Listen] and
// [Proactor.ListenPacket] use the zero value.
//
// If the system or the network lacks an option, the error is [errors.ErrUnsupported]; for
// an invalid value it is syscall.EINVAL. A proactor of package sim checks the values, but
// does not use them.
type ListenConfig struct {
	// SocketOptions are the options of accepted connections. For a packet socket,
	// only the sizes of its buffers count.
	SocketOptions

	// Backlog is how many connections may wait to be accepted. With 0 it is as many as
	// the system allows (on Linux net.core.somaxconn, which also bounds it). Windows
	// and packet sockets do not have this option.
	Backlog int

	// ReusePort lets several listeners, or packet sockets, share a port: the system
	// distributes connections or packets among them (SO_REUSEPORT; SO_REUSEPORT_LB on
	// FreeBSD). Only Linux and FreeBSD do this, and not for unix listeners. See
	// [Group].
	ReusePort bool

	// Mode is the permissions of the path of a unix listener, whatever the umask is.
	// Write permission is needed to connect. With 0 the umask decides. On Linux the path
	// never has other permissions; on other systems it has those of the umask for a
	// moment. Windows does not support Mode, and an abstract name ("@name") has no
	// permissions.
	Mode fs.FileMode

	// Control is called with the socket before it is bound, like that of a
	// net.ListenConfig, and after the options above were set. On Linux accepted
	// connections inherit what it sets. Control must not use the proactor. A
	// proactor of package sim does not call it.
	Control func(network, address string, c syscall.RawConn) error
}

// Listen listens as [Proactor.Listen] does, with the options of c.
func (c ListenConfig) Listen(p *Proactor, network, address string) (*Listener, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "unix":
	default:
		return nil, listenError(network, address, net.UnknownNetworkError(network))
	}
	if network == "unix" {
		if err := checkPath(address); err != nil {
			return nil, listenError(network, address, err)
		}
	}
	o := c.options()
	if err := descriptor.CheckListen(network, address, &o); err != nil {
		return nil, listenError(network, address, err)
	}
	l := new(Listener)
	return orNil(l, listenError(network, address, p.openSocket(&l.h, "listen", func(s *backend.Socket) error {
		s.Class = record.Listener
		return p.backend.Listen(s, network, address, o)
	})))
}

// ListenPacket opens a packet socket as [Proactor.ListenPacket] does, with the options
// of c.
func (c ListenConfig) ListenPacket(p *Proactor, network, address string) (*PacketConn, error) {
	switch network {
	case "udp", "udp4", "udp6":
	default:
		return nil, listenError(network, address, net.UnknownNetworkError(network))
	}
	o := c.options()
	if err := descriptor.CheckListen(network, address, &o); err != nil {
		return nil, listenError(network, address, err)
	}
	pc := new(PacketConn)
	return orNil(pc, listenError(network, address, p.openSocket(&pc.h, "listen", func(s *backend.Socket) error {
		s.Class = record.Packets
		return p.backend.ListenPacket(s, network, address, o)
	})))
}

// orNil returns v, or nil if there is an error.
func orNil[T any](v *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

// options returns the options in the form that the backend takes.
func (c *ListenConfig) options() backend.ListenOptions {
	return backend.ListenOptions{
		SocketOptions: backend.SocketOptions(c.SocketOptions),
		Backlog:       c.Backlog,
		ReusePort:     c.ReusePort,
		Mode:          c.Mode,
		Control:       c.Control,
	}
}
