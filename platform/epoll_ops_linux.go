package platform

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// Start implements Backend. The attempt is made at once if it may succeed: a
// write nearly always does, a read only when an edge has said so, because a
// read that finds nothing costs as much as one that finds something.
func (b *epoll) Start(s *Socket, op *ops.Operation) bool {
	switch op.Kind {
	case ops.KindRead:
		return s.sys.readable && b.recv(s, op)
	case ops.KindWrite:
		return s.sys.writable && b.send(s, op)
	case ops.KindAccept:
		return s.sys.readable && b.accept(s, op)
	case ops.KindConnect:
		return b.connect(s, op)
	case ops.KindReadFrom:
		return s.sys.readable && b.recvFrom(s, op)
	case ops.KindWriteTo:
		return s.sys.writable && b.sendTo(s, op)
	}
	op.Err = syscall.EOPNOTSUPP
	return true
}

// Cancel implements Backend. Nothing is in the kernel's hands between calls.
func (b *epoll) Cancel(*Socket, *ops.Operation) bool { return true }

func (b *epoll) recv(s *Socket, op *ops.Operation) bool {
	buf := op.Buf[:min(len(op.Buf), maxTransfer)]
	n, errno := recv(s.sys.fd, buf)
	switch {
	case errno == unix.EAGAIN:
		s.sys.readable = false
		return false
	case errno != 0:
		op.Err = os.NewSyscallError("read", errno)
	case n == 0:
		op.Err = io.EOF
	default:
		op.N = n
		s.sys.readable = n == len(buf) || s.sys.sticky
	}
	return true
}

func (b *epoll) send(s *Socket, op *ops.Operation) bool {
	n, errno := send(s.sys.fd, op.Buf[:min(len(op.Buf), maxTransfer)])
	switch {
	case errno == unix.EAGAIN:
		s.sys.writable = false
		return false
	case errno != 0:
		op.Err = os.NewSyscallError("write", errno)
	default:
		op.N = n
	}
	return true
}

func (b *epoll) accept(s *Socket, op *ops.Operation) bool {
	fd, errno := accept(s.sys.fd)
	switch {
	case errno == unix.EAGAIN:
		s.sys.readable = false
		return false
	case errno != 0:
		// The connection stays in the listener's queue if the process has
		// no descriptor for it, and the next attempt finds it.
		op.Err = os.NewSyscallError("accept4", errno)
		return true
	}
	conn := Accepted(op)
	conn.lock()
	defer conn.unlock()
	if err := b.adopt(conn, fd, sysSocket{writable: true, sticky: s.sys.sticky}); err != nil {
		unix.Close(fd)
		op.Err = err
	}
	return true
}

// connect starts a connection, and finishes it at the first edge.
func (b *epoll) connect(s *Socket, op *ops.Operation) bool {
	if s.sys.connecting {
		if !s.sys.writable {
			return false
		}
		s.sys.connecting = false
		errno, err := unix.GetsockoptInt(int(s.sys.fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && errno != 0 {
			err = syscall.Errno(errno)
		}
		op.Err = os.NewSyscallError("connect", err)
		return true
	}

	family, to := sockaddr(op)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		op.Err = os.NewSyscallError("socket", err)
		return true
	}
	if family != unix.AF_UNIX {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	err = unix.Connect(fd, to)
	connecting := err == unix.EINPROGRESS || err == unix.EINTR
	if err != nil && !connecting {
		unix.Close(fd)
		op.Err = os.NewSyscallError("connect", err)
		return true
	}
	// Registered after connect(2): before it, the socket reports a hang-up.
	err = b.adopt(s, fd, sysSocket{writable: !connecting, connecting: connecting, sticky: family == unix.AF_UNIX})
	if err != nil {
		unix.Close(fd)
		op.Err = err
		return true
	}
	return !connecting
}

// sockaddr returns what connect(2) takes.
func sockaddr(op *ops.Operation) (family int, to unix.Sockaddr) {
	if path, ok := op.Arg.(unixPath); ok {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: string(path)}
	}
	addr, port := op.Addr.Addr(), int(op.Addr.Port())
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
	if err != nil {
		return 0
	}
	return uint32(i.Index)
}

// Listen implements Backend. Package net opens the listener, as it knows how
// names, dual-stack addresses and the backlog are meant; its descriptor is
// then taken over.
func (b *epoll) Listen(s *Socket, network, address string) error {
	l, err := listenConfig().Listen(context.Background(), network, address)
	if err != nil {
		return err
	}
	defer l.Close()
	unixListener, isUnix := l.(*net.UnixListener)
	if isUnix {
		unixListener.SetUnlinkOnClose(false)
	}
	fd, err := takeOver(l.(syscall.Conn))
	if err != nil {
		return err
	}
	if !isUnix {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // accepted sockets inherit it
	}
	sys := sysSocket{readable: true, sticky: isUnix, unlink: isUnix && len(address) > 0 && address[0] != '@'}
	if err := b.adopt(s, fd, sys); err != nil {
		unix.Close(fd)
		return err
	}
	return nil
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

// CloseWrite implements Backend.
func (b *epoll) CloseWrite(s *Socket) error {
	return os.NewSyscallError("shutdown", unix.Shutdown(int(s.sys.fd), unix.SHUT_WR))
}

// Addr implements Backend.
func (b *epoll) Addr(s *Socket, peer bool) net.Addr {
	get := unix.Getsockname
	if peer {
		get = unix.Getpeername
	}
	sa, err := get(int(s.sys.fd))
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

// localPath returns the path of a unix listener.
func (s *Socket) localPath() string {
	sa, err := unix.Getsockname(int(s.sys.fd))
	if err != nil {
		return ""
	}
	u, ok := sa.(*unix.SockaddrUnix)
	if !ok {
		return ""
	}
	return u.Name
}
