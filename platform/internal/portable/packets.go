package portable

import (
	"net"
	"net/netip"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// writeTo sends a packet, to the peer of a connected socket if the address is not valid.
func (sys *socket) writeTo(b []byte, to netip.AddrPort) (int, error) {
	if !to.IsValid() {
		n, err := sys.packet.Write(b)
		return n, nowhere(err)
	}
	return sys.packet.WriteToUDPAddrPort(b, to)
}

// readBatch reads one packet: package net has nothing for several.
func (w *worker) readBatch(op *ops.Operation) (int, error) {
	packet := &backend.Packets(op)[0]
	if w.control == nil {
		w.control = new(descriptor.ControlBuffer)
	}
	n, have, cut, from, err := receive(w.s.packet, packet.Buf, w.control[:])
	if err != nil {
		return 0, err
	}
	if cut {
		n = len(packet.Buf)
	}
	*packet = backend.Packet{Buf: packet.Buf, N: n, Truncated: cut, Peer: netip.AddrPortFrom(from.Addr().Unmap(), from.Port())}
	descriptor.ParseControl(packet, w.control[:have])
	return 1, nil
}

// writeBatch sends all packets, as far as the time goes.
func (w *worker) writeBatch(op *ops.Operation) (sent int, err error) {
	packets := backend.Packets(op)
	for sent < len(packets) {
		packet := &packets[sent]
		if packet.N, err = w.writePacket(packet); err != nil {
			break
		}
		sent++
	}
	if sent > 0 {
		err = nil // it is for the next batch to find
	}
	return sent, err
}

func (w *worker) writePacket(packet *backend.Packet) (int, error) {
	if packet.ECN == 0 && packet.Interface == 0 && !packet.Local.IsValid() {
		return w.s.writeTo(packet.Buf, packet.Peer)
	}
	if w.control == nil {
		w.control = new(descriptor.ControlBuffer)
	}
	inet6 := !w.s.packet.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap().Is4()
	to := packet.Peer
	if !to.IsValid() { // package net does not know of the peer
		to = addrOf(w.s.packet, true)
	}
	control, err := descriptor.AppendControl(w.control[:0], packet, to, inet6)
	if err != nil {
		return 0, err
	}
	n, _, err := w.s.packet.WriteMsgUDPAddrPort(packet.Buf, control, to)
	return n, err
}

// addrOf returns the address of a packet socket, or that which it is connected to, or
// none. Package net does not know either once it is connected.
func addrOf(c *net.UDPConn, peer bool) (at netip.AddrPort) {
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { at = descriptor.PacketAddr(fd, peer) })
	}
	return at
}
