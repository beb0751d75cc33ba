//go:build unix

package descriptor

import (
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

const noSuchOption = unix.ENOPROTOOPT

// IsInet6 reports whether a socket is of the IPv6 family.
func IsInet6(fd uintptr) (bool, error) {
	sa, err := unix.Getsockname(int(fd))
	_, inet6 := sa.(*unix.SockaddrInet6)
	return inet6, os.NewSyscallError("getsockname", err)
}

// ConnectPacket connects a packet socket.
func ConnectPacket(fd uintptr, to netip.AddrPort) error {
	inet6, err := IsInet6(fd)
	if err != nil {
		return err
	}
	sa, err := sockaddr(to, inet6)
	if err != nil {
		return err
	}
	return os.NewSyscallError("connect", unix.Connect(int(fd), sa))
}

// sockaddr returns an address for a socket of one of the two families.
func sockaddr(at netip.AddrPort, inet6 bool) (unix.Sockaddr, error) {
	addr, port := at.Addr(), int(at.Port())
	switch {
	case inet6:
		return &unix.SockaddrInet6{Port: port, Addr: addr.As16(), ZoneId: uint32(InterfaceOf(addr))}, nil
	case !addr.Unmap().Is4():
		return nil, &net.AddrError{Err: "platform: not an IPv4 address", Addr: at.String()}
	}
	return &unix.SockaddrInet4{Port: port, Addr: addr.Unmap().As4()}, nil
}

// JoinGroup makes a packet socket a member of a multicast group on an interface.
func JoinGroup(fd uintptr, group netip.Addr, of *net.Interface) error {
	return member(fd, group, of, unix.IP_ADD_MEMBERSHIP, unix.IPV6_JOIN_GROUP)
}

// LeaveGroup undoes JoinGroup.
func LeaveGroup(fd uintptr, group netip.Addr, of *net.Interface) error {
	return member(fd, group, of, unix.IP_DROP_MEMBERSHIP, unix.IPV6_LEAVE_GROUP)
}

func member(fd uintptr, group netip.Addr, of *net.Interface, option4, option6 int) error {
	if group.Is4() {
		return member4(fd, group, of, option4)
	}
	return optionError(unix.SetsockoptIPv6Mreq(int(fd), unix.IPPROTO_IPV6, option6,
		&unix.IPv6Mreq{Multiaddr: group.As16(), Interface: indexOf[uint32](of)}))
}

// indexOf returns the number of an interface, 0 for the system's choice.
func indexOf[N int | int32 | uint32](of *net.Interface) N {
	if of == nil {
		return 0
	}
	return N(of.Index)
}

// SetMulticastInterface says by which interface multicast packets leave.
func SetMulticastInterface(fd uintptr, of *net.Interface) error {
	return eachFamily(fd, func() error { return interface4(fd, of) }, func() error {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, indexOf[int](of))
	})
}

// SetMulticastLoopback says whether multicast packets also come to this host.
func SetMulticastLoopback(fd uintptr, on bool) error {
	value := 0
	if on {
		value = 1
	}
	return eachFamily(fd, func() error {
		return unix.SetsockoptByte(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, byte(value))
	}, func() error {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, value)
	})
}

// SetMulticastTTL bounds how many routers multicast packets pass.
func SetMulticastTTL(fd uintptr, ttl uint8) error {
	return eachFamily(fd, func() error {
		return unix.SetsockoptByte(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, ttl)
	}, func() error {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, int(ttl))
	})
}

// eachFamily sets an option of a socket. One of the IPv6 family may also send IPv4, where
// the system lets it.
func eachFamily(fd uintptr, set4, set6 func() error) error {
	inet6, err := IsInet6(fd)
	if err != nil {
		return err
	}
	if !inet6 {
		return optionError(set4())
	}
	set4()
	return optionError(set6())
}

// PacketAddr returns the address of a packet socket, or that which it is connected to, or
// none.
func PacketAddr(fd uintptr, peer bool) netip.AddrPort {
	name := unix.Getsockname
	if peer {
		name = unix.Getpeername
	}
	sa, err := name(int(fd))
	if err != nil {
		return netip.AddrPort{}
	}
	return addrPort(sa)
}

// addrPort returns an address of package unix, or none if it has another family.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		addr := netip.AddrFrom16(sa.Addr).Unmap()
		if sa.ZoneId != 0 && addr.Is6() {
			addr = addr.WithZone(ZoneName(sa.ZoneId))
		}
		return netip.AddrPortFrom(addr, uint16(sa.Port))
	}
	return netip.AddrPort{}
}
