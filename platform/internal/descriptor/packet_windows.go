package descriptor

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	noSuchOption = windows.WSAENOPROTOOPT

	ipMulticastIF   = 9 // the names of ws2ipdef.h
	ipMulticastTTL  = 10
	ipMulticastLoop = 11
	ipAdd           = 12
	ipDrop          = 13
)

// IsInet6 reports whether a socket is of the IPv6 family.
func IsInet6(fd uintptr) (bool, error) {
	sa, err := windows.Getsockname(windows.Handle(fd))
	_, inet6 := sa.(*windows.SockaddrInet6)
	return inet6, os.NewSyscallError("getsockname", err)
}

// ConnectPacket connects a packet socket.
func ConnectPacket(fd uintptr, to netip.AddrPort) error {
	inet6, err := IsInet6(fd)
	if err != nil {
		return err
	}
	addr := to.Addr()
	var sa windows.Sockaddr = &windows.SockaddrInet6{Addr: addr.As16(), Port: int(to.Port()), ZoneId: uint32(InterfaceOf(addr))}
	if !inet6 {
		if !addr.Unmap().Is4() {
			return &net.AddrError{Err: "platform: not an IPv4 address", Addr: to.String()}
		}
		sa = &windows.SockaddrInet4{Addr: addr.Unmap().As4(), Port: int(to.Port())}
	}
	if err := windows.Connect(windows.Handle(fd), sa); err != nil {
		return Name(os.NewSyscallError("connect", err))
	}
	ReportResets(fd, true)
	return nil
}

// ReportResets says whether a packet socket is told that nobody has taken a packet, which
// fails its next read: for one that is not connected, that has nothing to do with it. Where
// the system cannot be told, nothing happens.
func ReportResets(fd uintptr, yes bool) {
	const connReset, netReset = windows.IOC_IN | windows.IOC_VENDOR | 12, windows.IOC_IN | windows.IOC_VENDOR | 15
	for _, code := range [...]uint32{connReset, netReset} {
		value, n := uint32(number(yes)), uint32(0)
		windows.WSAIoctl(windows.Handle(fd), code, (*byte)(unsafe.Pointer(&value)), uint32(unsafe.Sizeof(value)), nil, 0, &n, nil, 0)
	}
}

// PacketName is Name for an error of a packet socket, to which a reset is that nobody has
// taken its packet: what other systems call refused.
func PacketName(err error) error {
	if errors.Is(err, windows.WSAECONNRESET) {
		return sockError{windows.WSAECONNRESET, syscall.ECONNREFUSED}
	}
	return Name(err)
}

// JoinGroup makes a packet socket a member of a multicast group on an interface.
func JoinGroup(fd uintptr, group netip.Addr, of *net.Interface) error {
	return member(fd, group, of, ipAdd, ipAdd)
}

// LeaveGroup undoes JoinGroup.
func LeaveGroup(fd uintptr, group netip.Addr, of *net.Interface) error {
	return member(fd, group, of, ipDrop, ipDrop)
}

func member(fd uintptr, group netip.Addr, of *net.Interface, option4, option6 int) error {
	s := windows.Handle(fd)
	if !group.Is4() {
		m := windows.IPv6Mreq{Multiaddr: group.As16()}
		if of != nil {
			m.Interface = uint32(of.Index)
		}
		return optionError(windows.SetsockoptIPv6Mreq(s, windows.IPPROTO_IPV6, option6, &m))
	}
	local, err := addressOf(of)
	if err != nil {
		return err
	}
	return optionError(windows.SetsockoptIPMreq(s, windows.IPPROTO_IP, option4, &windows.IPMreq{Multiaddr: group.As4(), Interface: local}))
}

// SetMulticastInterface says by which interface multicast packets leave.
func SetMulticastInterface(fd uintptr, of *net.Interface) error {
	local, err := addressOf(of)
	index := 0
	if of != nil {
		index = of.Index
	}
	return eachFamily(fd, func(s windows.Handle) error {
		if err != nil {
			return err
		}
		return windows.SetsockoptInet4Addr(s, windows.IPPROTO_IP, ipMulticastIF, local)
	}, func(s windows.Handle) error {
		return windows.SetsockoptInt(s, windows.IPPROTO_IPV6, ipMulticastIF, index)
	})
}

// SetMulticastLoopback says whether multicast packets also come to this host. (Windows
// asks the sockets that receive; this host's own do as they are told.)
func SetMulticastLoopback(fd uintptr, on bool) error {
	value := 0
	if on {
		value = 1
	}
	return setEach(fd, ipMulticastLoop, value)
}

// SetMulticastTTL bounds how many routers multicast packets pass.
func SetMulticastTTL(fd uintptr, ttl uint8) error { return setEach(fd, ipMulticastTTL, int(ttl)) }

// setEach sets an option that has the same number for both families.
func setEach(fd uintptr, option, value int) error {
	return eachFamily(fd, func(s windows.Handle) error {
		return windows.SetsockoptInt(s, windows.IPPROTO_IP, option, value)
	}, func(s windows.Handle) error {
		return windows.SetsockoptInt(s, windows.IPPROTO_IPV6, option, value)
	})
}

// eachFamily sets an option of a socket. One of the IPv6 family may also send IPv4, where
// the system lets it.
func eachFamily(fd uintptr, set4, set6 func(windows.Handle) error) error {
	inet6, err := IsInet6(fd)
	if err != nil {
		return err
	}
	if !inet6 {
		return optionError(set4(windows.Handle(fd)))
	}
	set4(windows.Handle(fd))
	return optionError(set6(windows.Handle(fd)))
}

// PacketAddr returns the address of a packet socket, or that which it is connected to, or
// none.
func PacketAddr(fd uintptr, peer bool) netip.AddrPort {
	name := windows.Getsockname
	if peer {
		name = windows.Getpeername
	}
	sa, err := name(windows.Handle(fd))
	if err != nil {
		return netip.AddrPort{}
	}
	return AddrPortOf(sa)
}

// AddrPortOf returns an address of package windows, or none if it is of another family
// than IPv4 and IPv6.
func AddrPortOf(sa windows.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *windows.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *windows.SockaddrInet6:
		addr := netip.AddrFrom16(sa.Addr).Unmap()
		if sa.ZoneId != 0 && addr.Is6() {
			addr = addr.WithZone(ZoneName(sa.ZoneId))
		}
		return netip.AddrPortFrom(addr, uint16(sa.Port))
	}
	return netip.AddrPort{}
}
