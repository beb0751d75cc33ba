package fakering

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// events are those that a request waits for.
func (x *request) events() uint32 {
	switch x.opcode {
	case opPollAdd:
		return x.opFlags | unix.EPOLLRDHUP
	case opRecv, opRecvmsg, opAccept, opRead:
		return unix.EPOLLIN
	}
	return unix.EPOLLOUT
}

// call makes the call of a request, without waiting.
func (r *Ring) call(x *request) (res int32, flags uint32) {
	for {
		n, errno := r.callOnce(x)
		switch {
		case errno == unix.EINTR && x.opcode != opConnect:
			continue
		case errno != 0:
			return -int32(errno), 0
		}
		if x.receives() && x.stream || x.opcode == opAccept && r.linux >= linux6_10 {
			flags = r.nonempty(x)
		}
		return int32(n), flags
	}
}

func (r *Ring) callOnce(x *request) (int, syscall.Errno) {
	const dontWait = unix.MSG_DONTWAIT
	switch x.opcode {
	case opRecv:
		return rawCall(unix.SYS_RECVFROM, x.fd, uintptr(x.sqe.addr), uintptr(r.part(x, x.len)), dontWait)
	case opSend:
		return rawCall(unix.SYS_SENDTO, x.fd, uintptr(x.sqe.addr), uintptr(r.part(x, x.len)), uintptr(x.opFlags)|dontWait)
	case opRecvmsg, opSendmsg:
		return r.message(x)
	case opAccept:
		if x.ready(unix.POLLIN) == 0 {
			return 0, unix.EAGAIN
		}
		return withoutWaiting(x.fd, func() (int, syscall.Errno) {
			return rawCall(unix.SYS_ACCEPT4, x.fd, 0, 0, uintptr(x.opFlags))
		})
	case opConnect:
		return x.connect()
	case opPollAdd:
		// The kernel adds this one, beside POLLERR and POLLHUP, which are always there.
		if events := x.ready(int16(x.opFlags) | unix.POLLRDHUP); events != 0 {
			return int(events), 0
		}
		return 0, unix.EAGAIN
	case opRead, opWrite:
		return r.transfer(x)
	default:
		return rawCall(unix.SYS_FSYNC, x.fd, 0, 0, 0)
	}
}

func rawCall(call uintptr, fd int, a, b, c uintptr) (int, syscall.Errno) {
	n, _, errno := syscall.Syscall6(call, uintptr(fd), a, b, c, 0, 0)
	return int(n), errno
}

// part draws how many of n bytes a stream takes or gives. A few go as a whole: so they do
// unless there is hardly any room, which is for the real thing to show.
func (r *Ring) part(x *request, n uint32) uint32 {
	if x.stream && n >= 32 && r.oneIn(4) {
		return 1 + uint32(r.random.IntN(int(n)))
	}
	return n
}

// ready returns which of some events a file has.
func (x *request) ready(events int16) int16 {
	poll := []unix.PollFd{{Fd: int32(x.fd), Events: events}}
	if n, err := unix.Poll(poll, 0); n < 1 || err != nil {
		return 0
	}
	return poll[0].Revents
}

// nonempty returns what a completion says of what is left.
func (r *Ring) nonempty(x *request) uint32 {
	left := false
	if x.opcode == opAccept {
		left = x.ready(unix.POLLIN) != 0
	} else if n, err := unix.IoctlGetInt(x.fd, unix.TIOCINQ); err == nil {
		left = n > 0
	}
	if left != r.oneIn(8) { // what is left may be another's then, or come only now
		return cqeNonempty
	}
	return 0
}

// message sends or receives a message, or a part of one.
func (r *Ring) message(x *request) (int, syscall.Errno) {
	size := uint32(0)
	for _, v := range x.vector {
		size += uint32(v.Len)
	}
	h := x.header
	h.Iov = nil
	rest := r.part(x, size)
	whole := x.vector
	var cut [1]unix.Iovec
	for i := range whole {
		if uint32(whole[i].Len) >= rest {
			// A single buffer is cut, several end with a whole one.
			if i == 0 && uint32(whole[0].Len) > rest {
				cut[0] = whole[0]
				cut[0].SetLen(int(rest))
				whole = cut[:]
			} else {
				whole = whole[:i+1]
			}
			break
		}
		rest -= uint32(whole[i].Len)
	}
	h.Iov = unsafe.SliceData(whole)
	h.SetIovlen(len(whole))
	call := uintptr(unix.SYS_RECVMSG)
	if x.opcode == opSendmsg {
		call = unix.SYS_SENDMSG
		if h.Namelen > 0 {
			h.Name = &x.addr[0]
		}
	}
	n, _, errno := syscall.Syscall(call, uintptr(x.fd), uintptr(unsafe.Pointer(&h)), uintptr(x.opFlags)|unix.MSG_DONTWAIT)
	if errno == 0 && x.opcode == opRecvmsg {
		to := at[unix.Msghdr](x.sqe.addr)
		to.Namelen, to.Flags, to.Controllen = h.Namelen, h.Flags, h.Controllen
	}
	return int(n), errno
}

// connect starts a connect, or asks for its result.
func (x *request) connect() (int, syscall.Errno) {
	n, errno := withoutWaiting(x.fd, func() (int, syscall.Errno) {
		return rawCall(unix.SYS_CONNECT, x.fd, uintptr(unsafe.Pointer(&x.addr[0])), uintptr(x.off), 0)
	})
	switch {
	case errno == unix.EINPROGRESS:
		x.started = true
		return 0, unix.EAGAIN
	case errno == unix.EISCONN && x.started:
		res, err := unix.GetsockoptInt(x.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return 0, err.(syscall.Errno)
		}
		return 0, syscall.Errno(res)
	}
	return n, errno
}

// transfer reads or writes a part of a file.
func (r *Ring) transfer(x *request) (int, syscall.Errno) {
	call, stream, events := uintptr(unix.SYS_PREAD64), uintptr(unix.SYS_READ), int16(unix.POLLIN)
	if x.opcode == opWrite {
		call, stream, events = unix.SYS_PWRITE64, unix.SYS_WRITE, unix.POLLOUT
	}
	size := uintptr(r.part(x, x.len))
	n, errno := rawCall(call, x.fd, uintptr(x.sqe.addr), size, uintptr(x.off))
	if errno != unix.ESPIPE {
		return n, errno
	}
	if x.ready(events) == 0 {
		return 0, unix.EAGAIN
	}
	return rawCall(stream, x.fd, uintptr(x.sqe.addr), size, 0)
}

// withoutWaiting makes a call that would wait for a file that does.
func withoutWaiting(fd int, call func() (int, syscall.Errno)) (int, syscall.Errno) {
	flagsMu.Lock()
	defer flagsMu.Unlock()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil && flags&unix.O_NONBLOCK == 0 {
		unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags|unix.O_NONBLOCK)
		defer unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags)
	}
	return call()
}

// flagsMu keeps two rings from restoring the flags of a file that both have changed.
var flagsMu sync.Mutex
