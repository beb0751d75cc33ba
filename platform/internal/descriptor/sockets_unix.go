//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package descriptor

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"

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
	if sa, ok := sa.(*unix.SockaddrUnix); ok {
		return &net.UnixAddr{Name: sa.Name, Net: "unix"}
	}
	if at := addrPort(sa); at.IsValid() {
		return netAddr(at, isPacket(fd))
	}
	return nil
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

// sentTo returns what a packet is said to have sent that does not wait.
func sentTo(n int, errno syscall.Errno) (int, error) {
	switch errno {
	case 0:
		return n, nil
	case unix.EAGAIN:
		return 0, ops.ErrWouldBlock
	}
	return 0, os.NewSyscallError("sendto", errno)
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
	if is, err = traitsOf(fd); err != nil {
		unix.Close(fd)
		return -1, is, err
	}
	return fd, Traits{Inet6: is.Inet6}, nil
}

// OpenStream opens a stream socket of a family for a connect, which may block.
func OpenStream(family int, blocks bool, o *backend.SocketOptions) (int, error) {
	fd, err := newStream(family, blocks)
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
func OpenSource(op *ops.Operation, family int, blocks bool) (int, error) {
	fd, err := OpenStream(family, blocks, backend.ConnectOptions(op))
	from, ok := backend.Source(op)
	if err != nil || !ok || family == unix.AF_UNIX {
		return fd, err
	}
	if from.Port() == 0 { // it is chosen by the connect, so that one port can serve several peers
		choosePortLate(fd)
	}
	if err := bind(fd, from, family == unix.AF_INET6); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// StartConnect connects a socket of its own, which does not block, and reports whether
// that is still going on: then ConnectError tells how it has ended.
func StartConnect(op *ops.Operation) (fd int, is Traits, connecting bool, err error) {
	family := familyOf(op)
	if fd, err = OpenSource(op, family, false); err != nil {
		return -1, is, false, err
	}
	switch err := connect(fd, op); err {
	case nil:
	case unix.EINPROGRESS, unix.EINTR:
		connecting = true
	default:
		unix.Close(fd)
		return -1, is, false, os.NewSyscallError("connect", err)
	}
	return fd, Traits{Unix: family == unix.AF_UNIX}, connecting, nil
}

// ConnectError returns how a connect that was going on has ended.
func ConnectError(fd int32) error {
	errno, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = syscall.Errno(errno)
	}
	return err
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

// familyOf returns the family of the peer that an operation connects to.
func familyOf(op *ops.Operation) int {
	if _, ok := backend.Path(op); ok {
		return unix.AF_UNIX
	}
	if backend.Addr(op).Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// Sockaddr returns what connect(2) takes.
func Sockaddr(op *ops.Operation) unix.Sockaddr {
	if path, ok := backend.Path(op); ok {
		return &unix.SockaddrUnix{Name: path}
	}
	sa, _ := sockaddr(backend.Addr(op), familyOf(op) == unix.AF_INET6) // which is its own
	return sa
}

// netAddr returns addr as package net has it for the kind of socket.
func netAddr(addr netip.AddrPort, packet bool) net.Addr {
	if packet {
		return net.UDPAddrFromAddrPort(addr)
	}
	return net.TCPAddrFromAddrPort(addr)
}
