package descriptor

import (
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// Control data are what a packet has beside its bytes: the address at this end, the
// interface, and ECN. See ip(7), ipv6(7), cmsg(3) and RFC 3542.

// controlSize is enough for the control data of a packet: of one that is read from a
// socket of both families the kernel gives the address and ECN, and may give the former
// in the form of each family.
const controlSize = 128

// EnablePacketInfo has the kernel give the control data of what is read.
func EnablePacketInfo(fd int, inet6 bool) error {
	for _, o := range []struct{ level, option int }{
		{unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO}, {unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS},
		{unix.IPPROTO_IP, unix.IP_PKTINFO}, {unix.IPPROTO_IP, unix.IP_RECVTOS},
	} {
		if o.level == unix.IPPROTO_IPV6 && !inet6 {
			continue
		}
		if err := unix.SetsockoptInt(fd, o.level, o.option, 1); err != nil {
			return optionError(err)
		}
	}
	return nil
}

// ParseControl tells a packet what its control data say.
func ParseControl(packet *backend.Packet, control []byte) {
	for len(control) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(unsafe.SliceData(control)))
		if uint64(h.Len) > uint64(len(control)) || h.Len < unix.SizeofCmsghdr {
			return
		}
		data := control[unix.CmsgLen(0):h.Len]
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			info := (*unix.Inet4Pktinfo)(unsafe.Pointer(unsafe.SliceData(data)))
			packet.Local, packet.Interface = netip.AddrFrom4(info.Addr), int(info.Ifindex)
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			info := (*unix.Inet6Pktinfo)(unsafe.Pointer(unsafe.SliceData(data)))
			packet.Local, packet.Interface = netip.AddrFrom16(info.Addr).Unmap(), int(info.Ifindex)
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_TOS && len(data) >= 1:
			packet.ECN = data[0] & 3
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_TCLASS && len(data) >= 4:
			packet.ECN = uint8(*(*int32)(unsafe.Pointer(unsafe.SliceData(data)))) & 3
		}
		control = control[min(len(control), unix.CmsgSpace(len(data))):]
	}
}

// AppendControl appends to an empty b the control data to send a packet with, on a socket
// of one of the two families. The packet goes to the peer, which may be that of a connected
// socket. There is room for controlSize bytes.
func AppendControl(b []byte, packet *backend.Packet, peer netip.AddrPort, inet6 bool) ([]byte, error) {
	if packet.ECN == 0 && packet.Interface == 0 && !packet.Local.IsValid() {
		return b, nil // the usual case
	}
	to := peer.Addr().Unmap()
	four, six := !inet6 || !to.IsValid() || to.Is4(), inet6 && !to.Is4()
	local := packet.Local.Unmap()
	if local.IsValid() {
		if local.Is4() && !four || !local.Is4() && !six {
			return b, &net.AddrError{Err: "platform: a packet cannot be sent from there to " + peer.String(), Addr: local.String()}
		}
		four, six = local.Is4(), !local.Is4()
	}
	if local.IsValid() || packet.Interface != 0 {
		if four {
			var info *unix.Inet4Pktinfo
			if b, info = appendMessage[unix.Inet4Pktinfo](b, unix.IPPROTO_IP, unix.IP_PKTINFO); local.IsValid() {
				info.Spec_dst = local.As4()
			}
			info.Ifindex = int32(packet.Interface)
		}
		if six {
			var info *unix.Inet6Pktinfo
			if b, info = appendMessage[unix.Inet6Pktinfo](b, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO); local.IsValid() {
				info.Addr = local.As16()
			}
			info.Ifindex = uint32(packet.Interface)
		}
	}
	if packet.ECN != 0 {
		var class *int32
		if four {
			b, class = appendMessage[int32](b, unix.IPPROTO_IP, unix.IP_TOS)
			*class = int32(packet.ECN)
		}
		if six {
			b, class = appendMessage[int32](b, unix.IPPROTO_IPV6, unix.IPV6_TCLASS)
			*class = int32(packet.ECN)
		}
	}
	return b, nil
}

// appendMessage appends a zeroed piece of control data, for the caller to fill.
func appendMessage[T any](b []byte, level, kind int32) ([]byte, *T) {
	size := int(unsafe.Sizeof(*new(T)))
	at := len(b)
	b = b[:at+unix.CmsgSpace(size)]
	clear(b[at:])
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[at]))
	h.Level, h.Type = level, kind
	h.SetLen(unix.CmsgLen(size))
	return b, (*T)(unsafe.Pointer(&b[at+unix.CmsgLen(0)]))
}

// ControlBuffer is room for the control data of a packet.
type ControlBuffer [controlSize]byte
