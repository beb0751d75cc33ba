package descriptor

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// CloseWrite ends a stream in the direction of the peer.
func CloseWrite(fd int32) error {
	return os.NewSyscallError("shutdown", unix.Shutdown(int(fd), unix.SHUT_WR))
}

// Addr returns the address of a socket or of its peer, or nil.
func Addr(fd int32, peer bool) net.Addr {
	get := unix.Getsockname
	if peer {
		get = unix.Getpeername
	}
	sa, err := get(int(fd))
	if err == unix.ENOTCONN {
		return lastPeer(fd)
	}
	if err != nil {
		return nil
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netAddr(netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), isPacket(fd))
	case *unix.SockaddrInet6:
		addr := netip.AddrFrom16(sa.Addr).Unmap()
		if sa.ZoneId != 0 && addr.Is6() {
			addr = addr.WithZone(ZoneName(sa.ZoneId))
		}
		return netAddr(netip.AddrPortFrom(addr, uint16(sa.Port)), isPacket(fd))
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
	return netAddr(FromSockaddr(&sa), false)
}

// isPacket reports whether a socket is one for packets.
func isPacket(fd int32) bool {
	kind, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil && kind == unix.SOCK_DGRAM
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

// Close closes a descriptor; if that of a unix listener, its path is removed before, while
// nobody else can have one there.
func Close(fd int32, is Traits) error {
	if !is.File && !is.Unlink {
		if errno := closeSocket(fd); errno != 0 {
			return os.NewSyscallError("close", errno)
		}
		return nil
	}
	var err error
	if is.Unlink {
		if err = os.Remove(localPath(fd)); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	return errors.Join(os.NewSyscallError("close", unix.Close(int(fd))), err)
}

// ConnectResult returns how a connect that has ended with err is said to have ended.
func ConnectResult(fd int32, op *ops.Operation, err error) error {
	if _, unixSocket := backend.Path(op); err == nil && !unixSocket && ConnectedToItself(fd, op.Port) {
		err = syscall.ECONNREFUSED
	}
	return os.NewSyscallError("connect", err)
}

// ReadResult returns what a read that does not wait is said to have read.
func ReadResult(n int, errno syscall.Errno) (int, error) {
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

// Traits is what is known of a descriptor that was opened.
type Traits struct {
	Unix   bool // a socket of the unix family
	Unlink bool // a unix listener whose path is to be removed when it is closed
	Inet6  bool // a packet socket of the IPv6 family
	File   bool // not a socket

	Multipath bool // a socket of multipath TCP
}

// OpenListener opens a stream listener. Package net does, as it knows how
// names, dual-stack addresses and the backlog are meant; its descriptor is then
// taken over.
func OpenListener(network, address string, o backend.ListenOptions) (fd int, is Traits, err error) {
	l, err := Listen(network, address, &o)
	if err != nil {
		return -1, is, err
	}
	defer l.Close()
	unixListener, isUnix := l.(*net.UnixListener)
	if fd, err = TakeOver(l.(syscall.Conn)); err != nil {
		return -1, is, err
	}
	if isUnix { // else the path goes with l
		unixListener.SetUnlinkOnClose(false)
	}
	return fd, Traits{Unix: isUnix, Unlink: isUnix && hasPath(address)}, nil
}

// OpenPacket opens a packet socket, as OpenListener does a listener.
func OpenPacket(network, address string, o backend.ListenOptions) (fd int, is Traits, err error) {
	c, err := ListenPacket(network, address, &o)
	if err != nil {
		return -1, is, err
	}
	defer c.Close()
	if fd, err = TakeOver(c.(syscall.Conn)); err != nil {
		return -1, is, err
	}
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		unix.Close(fd)
		return -1, is, os.NewSyscallError("getsockopt", err)
	}
	return fd, Traits{Inet6: family == unix.AF_INET6}, nil
}

// OpenStream opens a stream socket of a family for a connect.
func OpenStream(family, flags int, o *backend.SocketOptions) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|flags, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := Configure(uintptr(fd), family != unix.AF_UNIX, o); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// OpenSource opens a stream socket of a family for a connect, and binds it to the
// source address of that, if there is one.
func OpenSource(op *ops.Operation, family, flags int) (int, error) {
	fd, err := OpenStream(family, flags, backend.ConnectOptions(op))
	from, ok := backend.Source(op)
	if err != nil || !ok || family == unix.AF_UNIX {
		return fd, err
	}
	if from.Port() == 0 { // it is chosen by the connect, so that one port can serve several peers
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}
	var sa unix.RawSockaddrInet6
	size, err := ToSockaddr(&sa, from, family == unix.AF_INET6)
	if err == nil {
		if errno := bind(fd, &sa, size); errno != 0 {
			err = os.NewSyscallError("bind", errno)
		}
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// TakeOver returns a descriptor of its own for what c is.
func TakeOver(c syscall.Conn) (fd int, err error) {
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

// Sockaddr returns what connect(2) takes.
func Sockaddr(op *ops.Operation) (family int, to unix.Sockaddr) {
	if path, ok := backend.Path(op); ok {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: path}
	}
	addr, port := backend.Addr(op).Addr(), int(op.Port)
	if addr.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: addr.As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: port, Addr: addr.As16(), ZoneId: uint32(InterfaceOf(addr))}
}

// ToSockaddr fills sa with an address for a socket of one of the two families
// and returns the size of what it has filled.
func ToSockaddr(sa *unix.RawSockaddrInet6, to netip.AddrPort, inet6 bool) (uintptr, error) {
	addr := to.Addr()
	switch {
	case !to.IsValid():
		return 0, nil // for the peer of a connected socket
	case inet6:
		sa.Family, sa.Addr, sa.Scope_id = unix.AF_INET6, addr.As16(), uint32(InterfaceOf(addr))
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

// FromSockaddr returns the address in sa, of either family.
func FromSockaddr(sa *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:])
	if sa.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(sa)).Addr), port)
	}
	addr := netip.AddrFrom16(sa.Addr).Unmap()
	if sa.Scope_id != 0 && addr.Is6() {
		addr = addr.WithZone(ZoneName(sa.Scope_id))
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

// PeerSockaddr returns the address that an operation connects to, as the kernel
// takes it, and its size.
func PeerSockaddr(op *ops.Operation) (raw unix.RawSockaddrAny, size uintptr, err error) {
	path, ok := backend.Path(op)
	if !ok {
		addr := backend.Addr(op)
		size, err = ToSockaddr((*unix.RawSockaddrInet6)(unsafe.Pointer(&raw)), addr, !addr.Addr().Is4())
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
