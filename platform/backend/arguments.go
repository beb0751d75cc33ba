package backend

import (
	"encoding/binary"
	"net"
	"net/netip"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
)

// What the Target, Arg, Args and Port of an operation are depends on its kind. A backend
// calls the functions here, each for operations of the kinds that it names only.
//
//	Target  the *platform.Timer of a KindWait, otherwise the *Socket
//	Arg     the *Socket that an accept opens; where a packet's sender goes; the
//	        first of a list of buffers or packets; the *Socket of a file to send;
//	        a *peerName; a pipe of the backend
//	Args    an address, how many buffers, packets or bytes there are, an offset, or an
//	        offset and a count
//	Port    of the address
//	Buf     what to read into or write; of a connect, where its source address is
//
// The platform leaves the Arg of a KindWaitReadable alone.

// Target returns the socket on which an operation is outstanding, of any kind but
// ops.KindPost and ops.KindWait.
func Target(op *ops.Operation) *Socket { return (*Socket)(op.Target) }

// Accepted returns the socket that an operation of ops.KindAccept opens.
func Accepted(op *ops.Operation) *Socket { return (*Socket)(op.Arg) }

// SetAccepted sets what Accepted returns.
func SetAccepted(op *ops.Operation, s *Socket) { op.Arg = unsafe.Pointer(s) }

// SetSenderTo sets where SetSender puts an address; to may be nil.
func SetSenderTo(op *ops.Operation, to *netip.AddrPort) { op.Arg = unsafe.Pointer(to) }

// Peer returns the network, one of "tcp4", "tcp6" and "unix", and the address that an
// operation of ops.KindConnect connects to. The address of a TCP peer is numeric.
func Peer(op *ops.Operation) (network, address string) {
	if path, ok := Path(op); ok {
		return "unix", path
	}
	addr := Addr(op)
	if addr.Addr().Is4() {
		return "tcp4", addr.String()
	}
	return "tcp6", addr.String()
}

// A peerName holds what few peers have, and what does not fit into an operation: the
// path of a socket in the file system, the zone of an IPv6 address, or options for the
// connection.
type peerName struct {
	path    string
	unix    bool
	zone    string
	options *SocketOptions
}

func setPeerName(op *ops.Operation, name *peerName) { op.Arg = unsafe.Pointer(name) }

// Path returns the path of the unix listener that an operation of ops.KindConnect
// connects to, if it is for one.
func Path(op *ops.Operation) (path string, ok bool) {
	if name := (*peerName)(op.Arg); name != nil && name.unix {
		return name.path, true
	}
	return "", false
}

// connected is the Arg of an operation of ops.KindWriteTo that is for the peer of a
// connected socket. Its Args may belong to a composed operation.
var connected peerName

// SetConnected makes an operation of ops.KindWriteTo send to the peer that its socket is
// connected to.
func SetConnected(op *ops.Operation) { op.Arg = unsafe.Pointer(&connected) }

// Addr returns the address of the peer of an operation of ops.KindConnect or
// ops.KindWriteTo. It is not valid if the packet is for the peer that the socket is
// connected to.
func Addr(op *ops.Operation) netip.AddrPort {
	if op.Arg == unsafe.Pointer(&connected) {
		return netip.AddrPort{}
	}
	var b [16]byte
	binary.NativeEndian.PutUint64(b[:8], op.Args[0])
	binary.NativeEndian.PutUint64(b[8:], op.Args[1])
	addr := netip.AddrFrom16(b).Unmap()
	if name := (*peerName)(op.Arg); name != nil {
		addr = addr.WithZone(name.zone)
	}
	return netip.AddrPortFrom(addr, op.Port)
}

// Source returns the address that an operation of ops.KindConnect first binds its own end
// to, if ok. The address has the family of the peer; port 0 leaves the choice to the
// system.
func Source(op *ops.Operation) (from netip.AddrPort, ok bool) {
	if cap(op.Buf) == 0 {
		return from, false
	}
	from = *(*netip.AddrPort)(unsafe.Pointer(unsafe.SliceData(op.Buf)))
	addr, is4 := from.Addr().Unmap(), Addr(op).Addr().Is4()
	switch {
	case addr.IsValid() && !addr.IsUnspecified():
	case is4:
		addr = netip.IPv4Unspecified()
	default:
		addr = netip.IPv6Unspecified()
	}
	return netip.AddrPortFrom(addr, from.Port()), true
}

// SetSource sets what Source returns. What from points to must stay as it is while the
// operation is outstanding. There is no room for it in the operation, and nothing is
// allocated for it.
func SetSource(op *ops.Operation, from *netip.AddrPort) {
	op.Buf = unsafe.Slice((*byte)(unsafe.Pointer(from)), unsafe.Sizeof(*from))[:0] // nothing to transfer
}

// SetPath sets what Path returns. The proactor calls it, as it does the other
// functions here that set an argument.
func SetPath(op *ops.Operation, path string) {
	setPeerName(op, &peerName{path: path, unix: true})
}

// SetAddr sets what Addr returns. An IPv4-mapped IPv6 address is the same as the IPv4
// address.
func SetAddr(op *ops.Operation, to netip.AddrPort) error {
	addr := to.Addr()
	if !addr.IsValid() {
		return &net.AddrError{Err: "platform: no address to send to", Addr: to.String()}
	}
	b := addr.As16()
	op.Args[0] = binary.NativeEndian.Uint64(b[:8])
	op.Args[1] = binary.NativeEndian.Uint64(b[8:])
	op.Port = to.Port()
	if zone := addr.Zone(); zone != "" {
		setPeerName(op, &peerName{zone: zone})
	}
	return nil
}

// SetSender tells an operation of ops.KindReadFrom where its packet came from. It is
// called when the operation has a packet, and not before.
func SetSender(op *ops.Operation, from netip.AddrPort) {
	if to := (*netip.AddrPort)(op.Arg); to != nil {
		*to = from
	}
}

// maxBuffers is how many buffers one operation takes: what Linux, the BSDs and
// macOS allow (IOV_MAX).
const maxBuffers = 1024

// Buffers returns the buffers of an operation of ops.KindReadVectored or
// ops.KindWriteVectored, which a backend must not change. The first one is not
// empty; there are none if all were empty.
func Buffers(op *ops.Operation) [][]byte {
	return unsafe.Slice((*[]byte)(op.Arg), int(op.Args[0]))
}

// SetBuffers sets what Buffers returns.
func SetBuffers(op *ops.Operation, bufs [][]byte) {
	for len(bufs) > 0 && len(bufs[0]) == 0 {
		bufs = bufs[1:]
	}
	op.Arg = unsafe.Pointer(unsafe.SliceData(bufs))
	op.Args[0] = uint64(min(len(bufs), maxBuffers))
}

// Offset returns where in a file, in bytes, an operation reads or writes.
func Offset(op *ops.Operation) int64 { return int64(op.Args[0]) }

// SetOffset sets what Offset returns.
func SetOffset(op *ops.Operation, offset int64) { op.Args[0] = uint64(offset) }
