package descriptor

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls in this file do not block, and are made without telling the Go
// scheduler. With the ordinary way of calling, the runtime's monitor thread
// finds a busy loop in a system call most of the time and takes its processor
// away; an echo server loses a fifth of its throughput to that.

// MaxTransfer bounds what one call copies, and so how long it keeps the
// scheduler from stopping this thread.
const MaxTransfer = 256 << 10

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

// SendTo sends a packet, without an address if its size is 0.
func SendTo(fd int32, b []byte, sa *unix.RawSockaddrInet6, size uintptr) (int, syscall.Errno) {
	RaceRead(b)
	if size == 0 {
		sa = nil
	}
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(sa)), size)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

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

// Connect connects a socket that does not block.
func Connect(fd int, to *unix.RawSockaddrAny, size uintptr) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(to)), size)
	return errno
}

func bind(fd int, sa *unix.RawSockaddrInet6, size uintptr) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(sa)), size)
	return errno
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
