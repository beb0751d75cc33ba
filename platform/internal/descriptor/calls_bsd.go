//go:build darwin || dragonfly || freebsd || netbsd || openbsd || (linux && bsdcalls)

package descriptor

import (
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// The calls in this file do not block, as the sockets do not. They go by package unix, as
// some of these systems allow no others, and tell the Go scheduler. The build tag bsdcalls
// has them used on Linux, so that they can be tested there.

// setNonblock has the calls for a socket not block.
func setNonblock(fd int) error {
	return os.NewSyscallError("fcntl", unix.SetNonblock(fd, true))
}

// CallsAllocate is whether calls allocate that have an address or several buffers as an
// argument or a result. Recv, Send and SendFile never do.
const CallsAllocate = true

// errnoOf returns the number of an error of package unix.
func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return unix.EINVAL
}

// Recv reads from a stream. Like the other calls here it starts again when a signal has
// interrupted it.
func Recv(fd int32, b []byte) (int, syscall.Errno) {
	for {
		n, err := unix.Read(int(fd), b)
		if err == nil {
			return n, 0
		}
		if err != unix.EINTR {
			return 0, errnoOf(err)
		}
	}
}

// Send writes to a stream. As with package net, that the peer has gone is an error of the
// call, and a signal only for a program that has asked for SIGPIPE.
func Send(fd int32, b []byte) (int, syscall.Errno) {
	for {
		n, err := unix.Write(int(fd), b)
		if err == nil {
			return n, 0
		}
		if err != unix.EINTR {
			return 0, errnoOf(err)
		}
	}
}

// RecvFrom also returns the sender's address, and a length of more than len(b) if the
// packet is longer.
func RecvFrom(fd int32, b []byte) (int, netip.AddrPort, syscall.Errno) {
	for {
		n, _, flags, from, err := unix.Recvmsg(int(fd), b, nil, unix.MSG_DONTWAIT)
		if err == nil {
			RaceWrite(b[:n])
			if flags&unix.MSG_TRUNC != 0 {
				n = len(b) + 1
			}
			return n, addrPort(from), 0
		}
		if err != unix.EINTR {
			return 0, netip.AddrPort{}, errnoOf(err)
		}
	}
}

// SendTo sends a packet, on a socket of one of the two families; to the peer that it is
// connected to if the address is not valid. It returns ops.ErrWouldBlock if there is no
// room.
func SendTo(fd int32, b []byte, to netip.AddrPort, inet6 bool) (int, error) {
	var sa unix.Sockaddr
	if to.IsValid() {
		var err error
		if sa, err = sockaddr(to, inet6); err != nil {
			return 0, err
		}
	}
	RaceRead(b)
	for {
		n, err := unix.SendmsgN(int(fd), b, nil, sa, sendFlags)
		if err != unix.EINTR {
			return sentTo(max(n, 0), errnoOf(err))
		}
	}
}

// newStream opens a stream socket, which may block, and is closed on exec.
func newStream(family int, blocks bool) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err == nil && !blocks {
		if err = unix.SetNonblock(fd, true); err != nil {
			unix.Close(fd)
		}
	}
	return fd, err
}

// connect connects a socket that does not block.
func connect(fd int, op *ops.Operation) error { return unix.Connect(fd, Sockaddr(op)) }

func bind(fd int, at netip.AddrPort, inet6 bool) error {
	sa, err := sockaddr(at, inet6)
	if err != nil {
		return err
	}
	return os.NewSyscallError("bind", unix.Bind(fd, sa))
}

func closeSocket(fd int32) syscall.Errno { return errnoOf(unix.Close(int(fd))) }

// ConnectedToItself reports whether a TCP socket that was connected to a port has met
// itself: the system may choose for this end the very port that nobody listens on.
func ConnectedToItself(fd int32, port uint16) bool {
	local := PacketAddr(uintptr(fd), false)
	return local.Port() == port && PacketAddr(uintptr(fd), true) == local
}

// ReadableNow reports whether a read would find data, the end or an error.
func ReadableNow(fd int32) bool {
	poll := [...]unix.PollFd{{Fd: fd, Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll[:], 0)
		if err != unix.EINTR {
			return n > 0 || err != nil
		}
	}
}
