//go:build !unix && !windows

package descriptor

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
)

const noSuchOption = syscall.EINVAL

// IsInet6 reports whether a socket is of the IPv6 family.
func IsInet6(fd uintptr) (bool, error) { return false, errors.ErrUnsupported }

// ConnectPacket connects a packet socket.
func ConnectPacket(fd uintptr, to netip.AddrPort) error { return errors.ErrUnsupported }

// JoinGroup makes a packet socket a member of a multicast group on an interface.
func JoinGroup(fd uintptr, group netip.Addr, of *net.Interface) error {
	return errors.ErrUnsupported
}

// LeaveGroup undoes JoinGroup.
func LeaveGroup(fd uintptr, group netip.Addr, of *net.Interface) error {
	return errors.ErrUnsupported
}

// SetMulticastInterface says by which interface multicast packets leave.
func SetMulticastInterface(fd uintptr, of *net.Interface) error { return errors.ErrUnsupported }

// SetMulticastLoopback says whether multicast packets also come to this host.
func SetMulticastLoopback(fd uintptr, on bool) error { return errors.ErrUnsupported }

// SetMulticastTTL bounds how many routers multicast packets pass.
func SetMulticastTTL(fd uintptr, ttl uint8) error { return errors.ErrUnsupported }

// PacketAddr returns the address of a packet socket, or that which it is connected to, or
// none.
func PacketAddr(fd uintptr, peer bool) netip.AddrPort { return netip.AddrPort{} }
