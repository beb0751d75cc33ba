package winsock

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A socket that package net has opened belongs to the port of Go's runtime, so what it
// does to open one is done here: names, and which family is meant, as it has them.

// An Opened is a listener or a packet socket.
type Opened struct {
	Handle windows.Handle
	Family int // of what AcceptEx needs
	Inet6  bool
	Path   string // of a unix listener, to be removed when it is closed
}

// Listen opens a stream listener on an address as net.Listen takes it.
func Listen(network, address string, o *backend.ListenOptions) (Opened, error) {
	if network == "unix" {
		return listenUnix(address, o)
	}
	a, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return Opened{}, err
	}
	return bound(network, "tcp", a.AddrPort(), windows.SOCK_STREAM, o, false)
}

// ListenPacket opens a packet socket on an address as net.ListenPacket takes it. One for
// a multicast group has the port of the group alone, and shares it.
func ListenPacket(network, address string, o *backend.ListenOptions) (Opened, error) {
	a, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return Opened{}, err
	}
	at := a.AddrPort()
	group := at.Addr().IsMulticast()
	if group {
		any := netip.IPv6Unspecified()
		if at.Addr().Unmap().Is4() {
			any = netip.IPv4Unspecified()
		}
		at = netip.AddrPortFrom(any, at.Port())
		network = network[:3] + map[bool]string{true: "4", false: "6"}[any.Is4()]
	}
	return bound(network, "udp", at, windows.SOCK_DGRAM, o, group)
}

// bound opens a socket that has an address. Without one, and for both families, it is an
// IPv6 socket that does IPv4 as well, if the system has IPv6.
func bound(network, protocol string, at netip.AddrPort, kind int, o *backend.ListenOptions, shares bool) (Opened, error) {
	addr := at.Addr().Unmap()
	wild := !addr.IsValid() || addr.IsUnspecified()
	var inet6, both bool
	switch network {
	case protocol + "4":
	case protocol + "6":
		inet6 = true
	default:
		inet6, both = wild || !addr.Is4(), wild
	}
	opened, err := bindOne(protocol, netip.AddrPortFrom(anyOr(addr, wild, inet6), at.Port()), kind, o, inet6, both, shares)
	if both && (errors.Is(err, windows.WSAEAFNOSUPPORT) || errors.Is(err, windows.WSAENOPROTOOPT)) {
		return bindOne(protocol, netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()), kind, o, false, false, shares)
	}
	return opened, err
}

func anyOr(addr netip.Addr, wild, inet6 bool) netip.Addr {
	switch {
	case !wild:
		return addr
	case inet6:
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

func bindOne(protocol string, at netip.AddrPort, kind int, o *backend.ListenOptions, inet6, both, shares bool) (Opened, error) {
	opened := Opened{Family: windows.AF_INET, Inet6: inet6}
	if inet6 {
		opened.Family = windows.AF_INET6
	}
	s, err := open(opened.Family, kind)
	if err != nil {
		return Opened{}, err
	}
	opened.Handle = s
	err = opened.configure(kind, both, shares)
	if err == nil {
		err = descriptor.Configure(uintptr(s), false, &o.SocketOptions)
	}
	if err == nil && o.Control != nil {
		err = o.Control(protocol+map[bool]string{false: "4", true: "6"}[inet6], at.String(), rawConn(s))
	}
	if err == nil {
		var sa windows.RawSockaddrInet6
		var size int32
		if size, err = ToSockaddr(&sa, at, inet6); err == nil {
			err = Failure("bind", Bind(s, &sa, size))
		}
	}
	if err == nil && kind == windows.SOCK_STREAM {
		err = named("listen", windows.Listen(s, windows.SOMAXCONN))
	}
	if err != nil {
		windows.Closesocket(s)
		return Opened{}, err
	}
	return opened, nil
}

// configure sets what package net sets as well.
func (o *Opened) configure(kind int, both, shares bool) error {
	if o.Inet6 {
		only := 1
		if both {
			only = 0
		}
		if err := windows.SetsockoptInt(o.Handle, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, only); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if kind != windows.SOCK_DGRAM {
		return nil
	}
	descriptor.ReportResets(uintptr(o.Handle), false)
	if shares {
		if err := windows.SetsockoptInt(o.Handle, windows.SOL_SOCKET, windows.SO_REUSEADDR, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return named("setsockopt", windows.SetsockoptInt(o.Handle, windows.SOL_SOCKET, windows.SO_BROADCAST, 1))
}

func listenUnix(path string, o *backend.ListenOptions) (Opened, error) {
	s, err := open(windows.AF_UNIX, windows.SOCK_STREAM)
	if err != nil {
		return Opened{}, err
	}
	if err = descriptor.Configure(uintptr(s), false, &o.SocketOptions); err == nil && o.Control != nil {
		err = o.Control("unix", path, rawConn(s))
	}
	if err == nil {
		err = named("bind", windows.Bind(s, &windows.SockaddrUnix{Name: path}))
	}
	if err == nil {
		if err = named("listen", windows.Listen(s, windows.SOMAXCONN)); err != nil {
			os.Remove(path)
		}
	}
	if err != nil {
		windows.Closesocket(s)
		return Opened{}, err
	}
	return Opened{Handle: s, Family: windows.AF_UNIX, Path: path}, nil
}

// A rawConn is a socket that is not bound yet.
type rawConn windows.Handle

var _ syscall.RawConn = rawConn(0)

// Control implements syscall.RawConn.
func (c rawConn) Control(f func(fd uintptr)) error {
	f(uintptr(c))
	return nil
}

// Read implements syscall.RawConn.
func (c rawConn) Read(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// Write implements syscall.RawConn.
func (c rawConn) Write(func(fd uintptr) bool) error { return errors.ErrUnsupported }
