package platform

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"golang.org/x/sys/unix"
)

// linuxSockets is what the backends of Linux do with a socket in the same way.
type linuxSockets struct{}

// CloseWrite implements Backend.
func (linuxSockets) CloseWrite(s *Socket) error {
	return os.NewSyscallError("shutdown", unix.Shutdown(int(s.sys.fd), unix.SHUT_WR))
}

// Addr implements Backend.
func (linuxSockets) Addr(s *Socket, peer bool) net.Addr {
	get := unix.Getsockname
	if peer {
		get = unix.Getpeername
	}
	sa, err := get(int(s.sys.fd))
	if err == unix.ENOTCONN {
		return lastPeer(s.sys.fd)
	}
	if err != nil {
		return nil
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netAddr(netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), s.sys.packet)
	case *unix.SockaddrInet6:
		addr := netip.AddrFrom16(sa.Addr).Unmap()
		if sa.ZoneId != 0 && addr.Is6() {
			addr = addr.WithZone(zoneName(sa.ZoneId))
		}
		return netAddr(netip.AddrPortFrom(addr, uint16(sa.Port)), s.sys.packet)
	case *unix.SockaddrUnix:
		return &net.UnixAddr{Name: sa.Name, Net: "unix"}
	}
	return nil
}

// lastPeer returns the peer of a TCP connection that has ended or was reset, of
// which getpeername(2) has nothing to say any more, or nil.
func lastPeer(fd int32) net.Addr {
	var sa unix.RawSockaddrInet6
	// It refuses to fill more than there is.
	for _, size := range []uint32{unix.SizeofSockaddrInet4, unix.SizeofSockaddrInet6} {
		_, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERNAME,
			uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 || sa.Family != unix.AF_INET && sa.Family != unix.AF_INET6 {
			return nil
		}
		if sa.Family == unix.AF_INET {
			break
		}
	}
	return netAddr(fromSockaddr(&sa), false)
}

// localPath returns the path of a unix listener.
func localPath(fd int32) string {
	sa, err := unix.Getsockname(int(fd))
	if err != nil {
		return ""
	}
	u, ok := sa.(*unix.SockaddrUnix)
	if !ok {
		return ""
	}
	return u.Name
}

// shut closes the descriptor of a socket, and removes the path of a unix
// listener.
func (sys *sysSocket) shut() error {
	unlink := ""
	if sys.unlink {
		unlink = localPath(sys.fd)
	}
	err := os.NewSyscallError("close", unix.Close(int(sys.fd)))
	if unlink != "" {
		if rerr := os.Remove(unlink); !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

// readResult returns what a read that does not wait is said to have read.
func readResult(n int, errno syscall.Errno) (int, error) {
	switch {
	case errno == unix.EAGAIN:
		return 0, ops.ErrWouldBlock
	case errno != 0:
		return 0, os.NewSyscallError("read", errno)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// openListener opens a stream listener. Package net does, as it knows how
// names, dual-stack addresses and the backlog are meant; its descriptor is then
// taken over.
func openListener(s *Socket, network, address string) (fd int, sys sysSocket, err error) {
	l, err := listenConfig(s).Listen(context.Background(), network, address)
	if err != nil {
		return -1, sys, err
	}
	defer l.Close()
	unixListener, isUnix := l.(*net.UnixListener)
	if isUnix {
		unixListener.SetUnlinkOnClose(false)
	}
	if fd, err = takeOver(l.(syscall.Conn)); err != nil {
		return -1, sys, err
	}
	if !isUnix {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // accepted sockets inherit it
	}
	return fd, sysSocket{readable: true, sticky: isUnix, unlink: isUnix && len(address) > 0 && address[0] != '@'}, nil
}

// openPacket opens a packet socket, as openListener does a listener.
func openPacket(s *Socket, network, address string) (fd int, sys sysSocket, err error) {
	c, err := listenConfig(s).ListenPacket(context.Background(), network, address)
	if err != nil {
		return -1, sys, err
	}
	defer c.Close()
	if fd, err = takeOver(c.(syscall.Conn)); err != nil {
		return -1, sys, err
	}
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		unix.Close(fd)
		return -1, sys, os.NewSyscallError("getsockopt", err)
	}
	// A read takes one packet, so a short one says nothing of the next.
	return fd, sysSocket{readable: true, writable: true, sticky: true, packet: true, inet6: family == unix.AF_INET6}, nil
}

// openStream opens a stream socket of a family for a connect.
func openStream(family, flags int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|flags, 0)
	if err == nil && family != unix.AF_UNIX {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	return fd, os.NewSyscallError("socket", err)
}

// takeOver returns a descriptor of its own for what c is.
func takeOver(c syscall.Conn) (fd int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	if cerr := raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	}); cerr != nil {
		return -1, cerr
	}
	return fd, os.NewSyscallError("fcntl", err)
}

// sockaddr returns what connect(2) takes.
func sockaddr(op *ops.Operation) (family int, to unix.Sockaddr) {
	if path, ok := unixPath(op); ok {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: path}
	}
	addr, port := Addr(op).Addr(), int(op.Port)
	if addr.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: addr.As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: port, Addr: addr.As16(), ZoneId: zoneID(addr)}
}

// zoneID returns the number of the interface that an IPv6 address is local to.
func zoneID(addr netip.Addr) uint32 {
	if addr.Zone() == "" {
		return 0
	}
	i, err := net.InterfaceByName(addr.Zone())
	if err != nil { // as zoneName has it if there is no name
		id, _ := strconv.ParseUint(addr.Zone(), 10, 32)
		return uint32(id)
	}
	return uint32(i.Index)
}

// toSockaddr fills sa with an address for a socket of one of the two families
// and returns the size of what it has filled.
func toSockaddr(sa *unix.RawSockaddrInet6, to netip.AddrPort, inet6 bool) (uintptr, error) {
	addr := to.Addr()
	switch {
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

// peerSockaddr returns the address that an operation connects to, as the kernel
// takes it, and its size.
func peerSockaddr(op *ops.Operation) (raw unix.RawSockaddrAny, size uintptr, err error) {
	path, ok := unixPath(op)
	if !ok {
		addr := Addr(op)
		size, err = toSockaddr((*unix.RawSockaddrInet6)(unsafe.Pointer(&raw)), addr, !addr.Addr().Is4())
		return raw, size, err
	}
	sa := (*unix.RawSockaddrUnix)(unsafe.Pointer(&raw))
	if len(path) == 0 || len(path) >= len(sa.Path) {
		return raw, 0, os.NewSyscallError("connect", syscall.EINVAL)
	}
	sa.Family = unix.AF_UNIX
	name := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path)), len(sa.Path))
	size = unsafe.Offsetof(sa.Path) + uintptr(copy(name, path))
	if path[0] == '@' || path[0] == 0 {
		name[0] = 0 // a name that is not in the file system
		return raw, size, nil
	}
	return raw, size + 1, nil
}
