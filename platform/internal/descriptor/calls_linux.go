//go:build !bsdcalls

package descriptor

import (
	"encoding/binary"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// The calls in this file do not block, and are made without telling the Go
// scheduler. With the ordinary way of calling, the runtime's monitor thread
// finds a busy loop in a system call most of the time and takes its processor
// away; an echo server loses a fifth of its throughput to that.

// setNonblock does nothing: each call says that it does not block.
func setNonblock(int) error { return nil }

// CallsAllocate is whether calls allocate that have an address or several buffers as an
// argument or a result. Recv, Send and SendFile never do.
const CallsAllocate = false

// Recv reads from a stream. Like the other calls here it starts again when a signal has
// interrupted it.
func Recv(fd int32, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			RaceWrite(b[:n])
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// Send writes to a stream.
func Send(fd int32, b []byte) (int, syscall.Errno) {
	RaceRead(b)
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// RecvFrom also returns the sender's address, and the length of the packet even
// if it is more than len(b).
func RecvFrom(fd int32, b []byte) (int, netip.AddrPort, syscall.Errno) {
	var sa unix.RawSockaddrInet6 // or a RawSockaddrInet4, which is shorter
	size := uint32(unsafe.Sizeof(sa))
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_TRUNC, uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
		if errno == 0 {
			RaceWrite(b[:min(int(n), len(b))])
			return int(n), FromSockaddr(&sa), 0
		}
		if errno != unix.EINTR {
			return 0, netip.AddrPort{}, errno
		}
	}
}

// SendTo sends a packet, on a socket of one of the two families; to the peer that it is
// connected to if the address is not valid. It returns ops.ErrWouldBlock if there is no
// room.
func SendTo(fd int32, b []byte, to netip.AddrPort, inet6 bool) (int, error) {
	var sa unix.RawSockaddrInet6
	size, err := ToSockaddr(&sa, to, inet6)
	if err != nil {
		return 0, err
	}
	RaceRead(b)
	at := &sa
	if size == 0 {
		at = nil
	}
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(at)), size)
		if errno != unix.EINTR {
			return sentTo(int(n), errno)
		}
	}
}

// AcceptCall is what Accept calls.
const AcceptCall = "accept4"

// Accept returns a descriptor that does not block and is closed on exec.
func Accept(fd int32) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR && errno != unix.ECONNABORTED {
			return 0, errno
		}
	}
}

// newStream opens a stream socket, which may block, and is closed on exec.
func newStream(family int, blocks bool) (int, error) {
	flags := unix.SOCK_STREAM | unix.SOCK_CLOEXEC
	if !blocks {
		flags |= unix.SOCK_NONBLOCK
	}
	return unix.Socket(family, flags, 0)
}

// connect connects a socket that does not block.
func connect(fd int, op *ops.Operation) error {
	to, size, err := PeerSockaddr(op)
	if err != nil {
		return syscall.EINVAL // it is the path
	}
	_, _, errno := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&to)), size)
	if errno != 0 {
		return errno
	}
	return nil
}

func bind(fd int, at netip.AddrPort, inet6 bool) error {
	var sa unix.RawSockaddrInet6
	size, err := ToSockaddr(&sa, at, inet6)
	if err != nil {
		return err
	}
	if _, _, errno := syscall.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&sa)), size); errno != 0 {
		return os.NewSyscallError("bind", errno)
	}
	return nil
}

// closeSocket closes a socket. That does not block, unlike with a file: the kernel
// sends what is left to send afterwards. An ordinary call would besides wake the
// runtime's monitor thread if the process has just slept, which costs more than the
// call. It is not made again after EINTR, when the descriptor is gone already.
func closeSocket(fd int32) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	return errno
}

// ConnectedToItself reports whether a TCP socket that was connected to a port has met
// itself: the system may choose for this end the very port that nobody listens on.
func ConnectedToItself(fd int32, port uint16) bool {
	var local, peer unix.RawSockaddrInet6
	return socketName(unix.SYS_GETSOCKNAME, fd, &local) &&
		binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&local.Port))[:]) == port &&
		socketName(unix.SYS_GETPEERNAME, fd, &peer) && peer == local
}

func socketName(call uintptr, fd int32, sa *unix.RawSockaddrInet6) bool {
	size := uint32(unsafe.Sizeof(*sa))
	_, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(&size)))
	return errno == 0
}

// ReadableNow reports whether a read would find data, the end or an error.
func ReadableNow(fd int32) bool {
	poll := unix.PollFd{Fd: fd, Events: unix.POLLIN}
	var now unix.Timespec
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		if errno != unix.EINTR {
			return n > 0 || errno != 0
		}
	}
}
