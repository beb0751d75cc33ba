package platform

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// ListenPacket implements Backend, as Listen does.
func (b *epoll) ListenPacket(s *Socket, network, address string) error {
	c, err := listenConfig().ListenPacket(context.Background(), network, address)
	if err != nil {
		return err
	}
	defer c.Close()
	fd, err := takeOver(c.(syscall.Conn))
	if err != nil {
		return err
	}
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err == nil {
		// A read takes one packet, so a short one says nothing of the next.
		err = b.adopt(s, fd, sysSocket{readable: true, writable: true, sticky: true, packet: true, inet6: family == unix.AF_INET6})
	}
	if err != nil {
		unix.Close(fd)
	}
	return err
}

func (b *epoll) recvFrom(s *Socket, op *ops.Operation) bool {
	n, from, errno := recvFrom(s.sys.fd, op.Buf)
	switch {
	case errno == unix.EAGAIN:
		s.sys.readable = false
		return false
	case errno != 0:
		op.Err = os.NewSyscallError("recvfrom", errno)
	default:
		op.N, op.Addr = n, from
		if n > len(op.Buf) {
			op.N, op.Err = len(op.Buf), io.ErrShortBuffer
		}
	}
	return true
}

func (b *epoll) sendTo(s *Socket, op *ops.Operation) bool {
	var sa unix.RawSockaddrInet6
	size, err := toSockaddr(&sa, op.Addr, s.sys.inet6)
	if err != nil {
		op.Err = err
		return true
	}
	n, errno := sendTo(s.sys.fd, op.Buf, &sa, size)
	switch {
	case errno == unix.EAGAIN:
		s.sys.writable = false
		return false
	case errno != 0:
		op.Err = os.NewSyscallError("sendto", errno)
	default:
		op.N = n
	}
	return true
}

// toSockaddr fills sa with an address for a socket of one of the two families
// and returns the size of what it has filled.
func toSockaddr(sa *unix.RawSockaddrInet6, to netip.AddrPort, inet6 bool) (uintptr, error) {
	addr := to.Addr()
	switch {
	case !addr.IsValid():
		return 0, &net.AddrError{Err: "platform: no address to send to", Addr: to.String()}
	case inet6:
		sa.Family, sa.Addr, sa.Scope_id = unix.AF_INET6, addr.As16(), zoneID(addr)
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:], to.Port())
		return unsafe.Sizeof(*sa), nil
	case !addr.Unmap().Is4():
		return 0, &net.AddrError{Err: "platform: not an IPv4 address", Addr: to.String()}
	}
	sa4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
	sa4.Family, sa4.Addr = unix.AF_INET, addr.Unmap().As4()
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa4.Port))[:], to.Port())
	return unsafe.Sizeof(*sa4), nil
}

// fromSockaddr returns the address in sa, of either family.
func fromSockaddr(sa *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:])
	if sa.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(sa)).Addr), port)
	}
	addr := netip.AddrFrom16(sa.Addr).Unmap()
	if sa.Scope_id != 0 && addr.Is6() {
		addr = addr.WithZone(zoneName(sa.Scope_id))
	}
	return netip.AddrPortFrom(addr, port)
}

// netAddr returns addr as package net has it for the kind of socket.
func netAddr(addr netip.AddrPort, packet bool) net.Addr {
	if packet {
		return net.UDPAddrFromAddrPort(addr)
	}
	return net.TCPAddrFromAddrPort(addr)
}

// zoneName returns the name of an interface, or its number if it has none.
func zoneName(id uint32) string {
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(id))
}
