package winsock

import (
	"encoding/binary"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// ToSockaddr fills sa with an address for a socket of one of the two families and returns
// the size of what it has filled, 0 if the address is not valid.
func ToSockaddr(sa *windows.RawSockaddrInet6, to netip.AddrPort, inet6 bool) (int32, error) {
	addr := to.Addr()
	switch {
	case !to.IsValid():
		return 0, nil
	case inet6:
		*sa = windows.RawSockaddrInet6{Family: windows.AF_INET6, Addr: addr.As16(), Scope_id: uint32(descriptor.InterfaceOf(addr))}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:], to.Port())
		return int32(unsafe.Sizeof(*sa)), nil
	case !addr.Unmap().Is4():
		return 0, &net.AddrError{Err: "platform: not an IPv4 address", Addr: to.String()}
	}
	sa4 := (*windows.RawSockaddrInet4)(unsafe.Pointer(sa))
	*sa4 = windows.RawSockaddrInet4{Family: windows.AF_INET, Addr: addr.Unmap().As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa4.Port))[:], to.Port())
	return int32(unsafe.Sizeof(*sa4)), nil
}

// FromSockaddr returns the address in sa, of either family.
func FromSockaddr(sa *windows.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:])
	if sa.Family == windows.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*windows.RawSockaddrInet4)(unsafe.Pointer(sa)).Addr), port)
	}
	addr := netip.AddrFrom16(sa.Addr).Unmap()
	if sa.Scope_id != 0 && addr.Is6() {
		addr = addr.WithZone(descriptor.ZoneName(sa.Scope_id))
	}
	return netip.AddrPortFrom(addr, port)
}

// Addr returns the address of a socket or of its peer as package net has it, or nil.
func Addr(s windows.Handle, packet, peer bool) net.Addr {
	name := windows.Getsockname
	if peer {
		name = windows.Getpeername
	}
	sa, err := name(s)
	if err != nil {
		return nil
	}
	if sa, ok := sa.(*windows.SockaddrUnix); ok {
		return &net.UnixAddr{Name: sa.Name, Net: "unix"}
	}
	at := descriptor.PacketAddr(uintptr(s), peer)
	switch {
	case !at.IsValid():
		return nil
	case packet:
		return net.UDPAddrFromAddrPort(at)
	}
	return net.TCPAddrFromAddrPort(at)
}
