package platform

import (
	"net"
	"net/netip"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A PacketConn sends and receives UDP packets. One read and one write can be in
// progress at the same time. Further ones wait, and are served in the order in
// which they were started. Unless the proactor has a single runner, any
// goroutine may call its methods.
type PacketConn struct{ h handle }

// ListenPacket opens a packet socket on an address as net.ListenPacket takes
// it; the network is "udp", "udp4" or "udp6". Options are in [ListenConfig].
func (p *Proactor) ListenPacket(network, address string) (*PacketConn, error) {
	return ListenConfig{}.ListenPacket(p, network, address)
}

// ReadFrom reads a packet into b and the sender's address into *from, unless
// from is nil. The handler is called with the number of bytes read. If the
// packet was longer than b, the rest is lost and the error is io.ErrShortBuffer. Both
// b and *from belong to the operation until its handler is called.
func (c *PacketConn) ReadFrom(b []byte, from *netip.AddrPort, h ops.Handler) {
	op := c.h.begin(ops.KindReadFrom, h)
	op.Buf = b
	backend.SetSenderTo(op, from)
	c.h.start(op)
}

// WriteTo sends b as one packet to the given address. The buffer belongs to
// the operation until its handler is called.
func (c *PacketConn) WriteTo(b []byte, to netip.AddrPort, h ops.Handler) {
	op := c.h.begin(ops.KindWriteTo, h)
	op.Buf = b
	if op.Err == nil {
		op.Err = backend.SetAddr(op, to)
	}
	c.h.start(op)
}

// Allocator returns the default allocator of the proactor.
func (c *PacketConn) Allocator() allocator.Allocator[ops.Operation] { return c.h.allocator() }

// Cancel cancels all outstanding operations. Their handlers are called with
// [ops.ErrCanceled], or with the result that the operation already had.
func (c *PacketConn) Cancel() { c.h.cancel() }

// Close closes the socket. Handlers of outstanding operations are called later,
// with net.ErrClosed. Closing a closed socket returns net.ErrClosed.
func (c *PacketConn) Close() error { return c.h.close() }

// LocalAddr returns the local address, or nil if the socket is not open.
func (c *PacketConn) LocalAddr() net.Addr { return c.h.addr(false) }
