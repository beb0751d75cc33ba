package platform

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls in this file do not block, and are made without telling the Go
// scheduler. With the ordinary way of calling, the runtime's monitor thread
// finds a busy loop in a system call most of the time and takes its processor
// away; an echo server loses a fifth of its throughput to that.

// maxTransfer bounds what one call copies, and so how long it keeps the
// scheduler from stopping this thread.
const maxTransfer = 256 << 10

func recv(fd int32, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			raceWrite(b[:n])
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

func send(fd int32, b []byte) (int, syscall.Errno) {
	raceRead(b)
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

// recvFrom also returns the sender's address, and the length of the packet even
// if it is more than len(b).
func recvFrom(fd int32, b []byte) (int, netip.AddrPort, syscall.Errno) {
	var sa unix.RawSockaddrInet6 // or a RawSockaddrInet4, which is shorter
	size := uint32(unsafe.Sizeof(sa))
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_TRUNC, uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
		if errno == 0 {
			raceWrite(b[:min(int(n), len(b))])
			return int(n), fromSockaddr(&sa), 0
		}
		if errno != unix.EINTR {
			return 0, netip.AddrPort{}, errno
		}
	}
}

func sendTo(fd int32, b []byte, sa *unix.RawSockaddrInet6, size uintptr) (int, syscall.Errno) {
	raceRead(b)
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

// accept returns a descriptor that does not block and is closed on exec.
func accept(fd int32) (int, syscall.Errno) {
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

// readableNow reports whether a read would find data, the end or an error.
func readableNow(fd int32) bool {
	poll := unix.PollFd{Fd: fd, Events: unix.POLLIN}
	var now unix.Timespec
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		if errno != unix.EINTR {
			return n > 0 || errno != 0
		}
	}
}

func epollAdd(epfd, fd int, e *unix.EpollEvent) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(e)), 0, 0)
	return errno
}

// epollPeek returns the number of events there are now.
func epollPeek(epfd int, events []unix.EpollEvent) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
			uintptr(len(events)), 0, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}
