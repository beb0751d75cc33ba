package platform

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// ConnectPacket opens a packet socket on a port of the system's choice and connects it,
// see [PacketConn.Connect]. The network is "udp", "udp4" or "udp6"; the address is
// "host:port" with a numeric host, or as [Proactor.Connect] takes it.
func (p *Proactor) ConnectPacket(network, address string) (*PacketConn, error) {
	switch network {
	case "udp", "udp4", "udp6":
	default:
		return nil, whence("dial", network, nil, nil, net.UnknownNetworkError(network))
	}
	to, err := numericAddr(network, address)
	if err != nil {
		return nil, whence("dial", network, nil, nil, err)
	}
	local := "0.0.0.0:0"
	if !to.Addr().Unmap().Is4() {
		local = "[::]:0"
	}
	c, err := p.ListenPacket(network, local)
	if err != nil {
		return nil, err
	}
	if err := c.Connect(to); err != nil {
		c.Close()
		return nil, whence("dial", network, nil, net.UDPAddrFromAddrPort(to), err)
	}
	return c, nil
}

// Connect connects the socket to a peer, or to a different one: the socket then reads
// only packets from that peer, and [PacketConn.Write] sends to it. Connect does not wait,
// because nothing is sent. If the peer's port is not in use, that may show only in
// an answer to a packet: the next read or write then fails with ECONNREFUSED, and the
// socket goes on working.
func (c *PacketConn) Connect(to netip.AddrPort) error {
	if !to.IsValid() {
		return &net.AddrError{Err: "platform: no address to connect to", Addr: to.String()}
	}
	return c.h.configure("connect "+to.String(), func(network backend.PacketNetwork, s *backend.Socket) error {
		return network.ConnectPacket(s, to)
	}, func(fd uintptr) error { return descriptor.ConnectPacket(fd, to) })
}

// configure calls do with the descriptor of a packet socket or, if its network has no
// descriptors, instead.
func (h *handle) configure(what string, instead func(backend.PacketNetwork, *backend.Socket) error, do func(fd uintptr) error) error {
	h.mustBeRunner()
	s, ok := h.lockedOpen()
	if !ok {
		return net.ErrClosed
	}
	defer s.unlock()
	p := s.proactorOf()
	if network, ok := p.lowest.(backend.PacketNetwork); ok && instead != nil {
		return instead(network, (*backend.Socket)(s))
	}
	controller, ok := p.lowest.(backend.Controller)
	if !ok {
		return fmt.Errorf("platform: %s: %s: %w", p.Backend(), what, errors.ErrUnsupported)
	}
	if err := control(controller, s, do); err != nil {
		return fmt.Errorf("platform: %s: %w", what, err)
	}
	return nil
}

var (
	_ ops.Reader = (*PacketConn)(nil)
	_ ops.Writer = (*PacketConn)(nil)
)

// Read reads a packet: from the peer if the socket is connected, and from anybody if it
// is not. The handler is called like that of [PacketConn.ReadFrom]: with 0 and nil for an
// empty packet, and never with io.EOF. So [ops.Read] works here. An [ops.BufferedReader]
// or an [ops.Copier], which read a stream of bytes, does not: an empty packet ends it with
// io.ErrNoProgress.
func (c *PacketConn) Read(b []byte, h ops.Handler) { c.ReadFrom(b, nil, h) }

// Write sends b as one packet to the peer that the socket is connected to. If there is
// none, the handler is called with an error of the system (EDESTADDRREQ on Linux). The
// buffer belongs to the operation until its handler is called.
func (c *PacketConn) Write(b []byte, h ops.Handler) {
	op := c.h.begin(ops.KindWriteTo, h)
	op.Buf = b
	c.StartWrite(op)
}

// StartRead implements [ops.Reader], as far as packets can: see [PacketConn.Read].
func (c *PacketConn) StartRead(op *ops.Operation) {
	op.Kind = ops.KindReadFrom
	backend.SetSenderTo(op, nil)
	c.h.start(op)
}

// StartWrite implements [ops.Writer].
func (c *PacketConn) StartWrite(op *ops.Operation) {
	op.Kind = ops.KindWriteTo
	backend.SetConnected(op)
	c.h.start(op)
}

// Proactor returns the proactor that the socket belongs to.
func (c *PacketConn) Proactor() *Proactor { return c.h.proactor() }

// RemoteAddr returns the address that the socket is connected to, or nil.
func (c *PacketConn) RemoteAddr() net.Addr { return c.h.addr(true) }
