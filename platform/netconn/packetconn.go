package netconn

import (
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// A PacketConn is a [platform.PacketConn] with the interface net.PacketConn and, if it is
// connected, net.Conn. Any goroutine may call its methods, except one that is running the
// proactor.
type PacketConn struct {
	socket
	conn   *platform.PacketConn
	sender netip.AddrPort
}

var (
	_ net.PacketConn = (*PacketConn)(nil)
	_ net.Conn       = (*PacketConn)(nil)
)

// ListenPacket opens a packet socket on an address as net.ListenPacket takes it; the
// network is "udp", "udp4" or "udp6". For options use a [platform.ListenConfig], and
// [NewPacketConn].
func ListenPacket(p *platform.Proactor, network, address string) (*PacketConn, error) {
	return openPacket(p, func() (*platform.PacketConn, error) { return p.ListenPacket(network, address) })
}

// dialPacket opens a packet socket that is connected to an address.
func dialPacket(p *platform.Proactor, network, address string) (*PacketConn, error) {
	return openPacket(p, func() (*platform.PacketConn, error) { return p.ConnectPacket(network, address) })
}

func openPacket(p *platform.Proactor, f func() (*platform.PacketConn, error)) (*PacketConn, error) {
	return open(p, func() (*PacketConn, error) {
		c, err := f()
		if err != nil {
			return nil, err
		}
		n := NewPacketConn(c)
		if n.local == nil { // the proactor has closed it again
			return nil, net.ErrClosed
		}
		return n, nil
	})
}

// NewPacketConn returns c as a net.PacketConn. It panics if c was never opened. If c is
// closed, so is the result, and its addresses are nil. If the proactor has a single runner,
// only the runner may call NewPacketConn while it runs.
func NewPacketConn(c *platform.PacketConn) *PacketConn {
	if c == nil || c.Proactor() == nil {
		panic("netconn: NewPacketConn: the socket was never opened")
	}
	n := &PacketConn{conn: c}
	n.loop, n.local, n.remote = newLoop(c.Proactor()), c.LocalAddr(), c.RemoteAddr()
	return n
}

// Platform returns the underlying socket, for operations with handlers.
func (c *PacketConn) Platform() *platform.PacketConn { return c.conn }

// ReadFrom waits for a packet. If it is longer than b, the rest is lost. The address is a
// [*net.UDPAddr].
func (c *PacketConn) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	n, sender, err := c.readFrom(b)
	if err != nil {
		return n, nil, c.failed("read", err)
	}
	return n, net.UDPAddrFromAddrPort(sender), nil
}

// ReadFromAddrPort is like ReadFrom, but does not allocate an address.
func (c *PacketConn) ReadFromAddrPort(b []byte) (n int, from netip.AddrPort, err error) {
	n, from, err = c.readFrom(b)
	return n, from, c.failed("read", err)
}

// Read waits for a packet: on a connected socket, for one from its peer.
func (c *PacketConn) Read(b []byte) (n int, err error) {
	n, _, err = c.readFrom(b)
	return n, c.failed("read", err)
}

func (c *PacketConn) readFrom(b []byte) (n int, from netip.AddrPort, err error) {
	c.reads.lock()
	defer c.reads.unlock()
	if c.closed.Load() {
		return 0, from, net.ErrClosed
	}
	c.sender = netip.AddrPort{}
	n, err = c.reads.wait(&c.loop, func() { c.conn.ReadFrom(b, &c.sender, &c.reads) })
	if err == io.ErrShortBuffer { // which package net does not report
		err = nil
	}
	return n, c.sender, err
}

// WriteTo sends b as one packet to an address, which must be a [*net.UDPAddr] or have the
// same method AddrPort.
func (c *PacketConn) WriteTo(b []byte, to net.Addr) (n int, err error) {
	at, ok := to.(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return 0, failed("write", c.local, to, &net.AddrError{Err: "netconn: not an address to send packets to", Addr: text(to)})
	}
	return c.WriteToAddrPort(b, at.AddrPort())
}

// WriteToAddrPort sends b as one packet to an address.
func (c *PacketConn) WriteToAddrPort(b []byte, to netip.AddrPort) (n int, err error) {
	if c.remote != nil {
		return 0, failed("write", c.local, net.UDPAddrFromAddrPort(to), net.ErrWriteToConnected)
	}
	n, err = c.write(func() { c.conn.WriteTo(b, to, &c.writes) })
	return n, failed("write", c.local, net.UDPAddrFromAddrPort(to), err)
}

// Write sends b as one packet to the peer of a connected socket.
func (c *PacketConn) Write(b []byte) (n int, err error) {
	n, err = c.write(func() { c.conn.Write(b, &c.writes) })
	return n, c.failed("write", err)
}

func (c *PacketConn) write(begin func()) (n int, err error) {
	c.writes.lock()
	defer c.writes.unlock()
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	return c.writes.wait(&c.loop, begin)
}

// Close closes the socket. Calls that wait return net.ErrClosed.
func (c *PacketConn) Close() error { return c.close(c.conn.Close) }

// SetDeadline sets the deadline of reads and writes.
func (c *PacketConn) SetDeadline(t time.Time) error {
	return setDeadline(&c.socket, c.conn, (*platform.PacketConn).SetDeadline, t)
}

// SetReadDeadline sets the deadline of reads.
func (c *PacketConn) SetReadDeadline(t time.Time) error {
	return setDeadline(&c.socket, c.conn, (*platform.PacketConn).SetReadDeadline, t)
}

// SetWriteDeadline sets the deadline of writes.
func (c *PacketConn) SetWriteDeadline(t time.Time) error {
	return setDeadline(&c.socket, c.conn, (*platform.PacketConn).SetWriteDeadline, t)
}

// text returns an address as text, also if there is none.
func text(a net.Addr) string {
	if a == nil {
		return "<nil>"
	}
	return a.String()
}
