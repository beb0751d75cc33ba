package platform

import (
	"fmt"
	"net/netip"
	"syscall"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A Packet is a packet that [PacketConn.ReadBatch] reads or [PacketConn.WriteBatch]
// sends: its bytes, and what else is known about it.
type Packet struct {
	// Buf is the buffer to read into, or the bytes to send. N is how many bytes
	// of it were read or sent.
	Buf []byte
	N   int

	// Peer is the sender of a packet that was read, or the address to send a
	// packet to. The zero value sends it to the peer of a connected socket.
	Peer netip.AddrPort

	// Local is the address that a received packet was sent to: an address of
	// this host, or a multicast group. For a packet to send it is the source
	// address; with the zero value the system chooses. Interface is the index
	// of the network interface (see net.InterfaceByIndex) that the packet came
	// in on, or should go out on, or 0.
	Local     netip.Addr
	Interface int

	// ECN are the two bits of explicit congestion notification (RFC 3168): 1 and 2
	// for ECT(1) and ECT(0), 3 for a packet that met congestion.
	ECN uint8

	// Truncated says that the packet was longer than Buf, and the rest is lost.
	Truncated bool
}

var _ = backend.Packet(Packet{}) // they have the same fields

// ReadBatch waits for at least one packet, and reads as many as have arrived and packets
// has room for. The handler is called with their number. All fields of each packet but Buf
// are set; Local, Interface and ECN only after [PacketConn.EnablePacketInfo].
//
// At most 64 packets are read at a time, and one on the portable backend. The slice and the
// buffers belong to the operation until its handler is called. For a single packet with its
// control data, use a slice of length 1. If the slice is empty, it completes with 0.
func (c *PacketConn) ReadBatch(packets []Packet, h ops.Handler) {
	c.batch(ops.KindReadBatch, packets, h)
}

// WriteBatch sends packets, one after the other. The handler is called with the number
// of packets sent, which may be fewer than there are: the system sends up to 64 packets
// and 256 KiB in one call, and stops before a packet that it does not take. So start
// again with the rest, until none is left. An error is that of the first packet; no
// packet was sent then.
//
// The slice and the buffers belong to the operation until its handler is called. If the
// system cannot set Local, Interface or ECN, a packet that has one of them fails with an
// error that is errors.ErrUnsupported. If the slice is empty, it completes with 0.
func (c *PacketConn) WriteBatch(packets []Packet, h ops.Handler) {
	c.batch(ops.KindWriteBatch, packets, h)
}

func (c *PacketConn) batch(k ops.Kind, packets []Packet, h ops.Handler) {
	op := c.h.begin(k, h)
	if op.Err == nil && k == ops.KindWriteBatch {
		op.Err = checkPackets(packets)
	}
	backend.SetPackets(op, unsafe.Slice((*backend.Packet)(unsafe.SliceData(packets)), len(packets)))
	c.h.start(op)
}

// checkPackets refuses packets that could not be sent as they say.
func checkPackets(packets []Packet) error {
	for i := range packets {
		if p := &packets[i]; p.ECN > 3 || p.Interface < 0 || p.Interface > 1<<31-1 {
			return fmt.Errorf("platform: packet %d of a batch has ECN %d and interface %d: %w", i, p.ECN, p.Interface, syscall.EINVAL)
		}
	}
	return nil
}

// EnablePacketInfo makes [PacketConn.ReadBatch] set Local, Interface and ECN of the
// packets that come from now on. Only Linux and package sim support this; elsewhere the
// error is errors.ErrUnsupported.
func (c *PacketConn) EnablePacketInfo() error {
	return c.h.configure("packet info", func(network backend.PacketNetwork, s *backend.Socket) error {
		return network.EnablePacketInfo(s)
	}, func(fd uintptr) error {
		inet6, err := descriptor.IsInet6(fd)
		if err != nil {
			return err
		}
		return descriptor.EnablePacketInfo(int(fd), inet6)
	})
}
