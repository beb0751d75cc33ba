package backend

import (
	"net/netip"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
)

// A Packet is a platform.Packet; see there for more about the fields.
type Packet struct {
	Buf       []byte         // the buffer to read into, or the bytes to send
	N         int            // how many bytes of Buf were read or sent
	Peer      netip.AddrPort // who sent the packet, or where it goes; the zero value is the connected peer
	Local     netip.Addr     // the address that it was sent to, or its source address; the zero value leaves the choice to the system
	Interface int            // the index of the network interface that it came in on, or goes out on, or 0
	ECN       uint8          // the two bits of explicit congestion notification
	Truncated bool           // it was longer than Buf, and the rest is lost
}

// Packets returns the packets of an operation of ops.KindReadBatch or
// ops.KindWriteBatch, at least one. A backend sets N of those that it has sent, and
// everything but Buf of those that it has read.
func Packets(op *ops.Operation) []Packet {
	return unsafe.Slice((*Packet)(op.Arg), int(op.Args[0]))
}

// SetPackets sets what Packets returns.
func SetPackets(op *ops.Operation, packets []Packet) {
	op.Arg, op.Args[0] = unsafe.Pointer(unsafe.SliceData(packets)), uint64(len(packets))
}

// A PacketNetwork is a Backend whose packet sockets are not those of the operating
// system. It takes the place of what the proactor does with a [Controller].
type PacketNetwork interface {
	Backend

	// ConnectPacket connects the packet socket s, which takes no time.
	ConnectPacket(s *Socket, to netip.AddrPort) error

	// EnablePacketInfo makes batches of packets that are read from s contain the address
	// that each packet was sent to, and its ECN.
	EnablePacketInfo(s *Socket) error
}
