package fakering

import (
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// receiving returns the task that receives from the stream, or waits until it could, if one
// has not ended. (Which of two is first is not determined, nor what "receive some" leaves.)
func (r *runner) receiving() *task {
	for _, x := range r.tasks {
		if x.result == "" && (strings.HasPrefix(x.what, "receive") || x.what == "poll in") || x.what == "receive some" {
			return x
		}
	}
	return nil
}

func (r *runner) sending() bool {
	return slices.ContainsFunc(r.tasks, func(x *task) bool { return x.result == "" && strings.HasPrefix(x.what, "send") })
}

// start makes the first request of a task.
func (r *runner) start(x *task) {
	r.tasks = append(r.tasks, x)
	r.again(x)
}

// again makes a request of a task.
func (r *runner) again(x *task) {
	r.serial++
	x.serial = r.serial
	q := x.make(x)
	if x.fd != 0 { // which was closed
		q.fd = int32(x.fd)
	}
	q.userData = x.serial
	r.pending[x.serial] = x
	r.c.push(r.t, q)
}

func addressOf(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// do does a step, unless it makes no sense any more.
func (r *runner) do(s step) {
	own := int32(r.own)
	switch what := s.what; what {
	case "bring":
		if r.peer < 0 {
			return
		}
		n, err := unix.SendmsgN(r.peer, pattern[r.brought:r.brought+s.n], nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if err != nil {
			return
		}
		r.brought += n
		r.arrive()
	case "receive", "receive at last", "receive vectored", "receive packet":
		if r.own < 0 || r.receiving() != nil {
			return
		}
		r.start(&task{what: what, want: s.n, buf: make([]byte, s.n), make: func(x *task) sqe {
			rest := x.buf[len(x.got):]
			q := sqe{opcode: opRecv, fd: own, addr: addressOf(rest), len: uint32(len(rest))}
			switch what {
			case "receive at last":
				q.ioprio = recvPollFirst
			case "receive vectored", "receive packet":
				half := len(rest) / 2
				x.vector[0].Base, x.vector[1].Base = unsafe.SliceData(rest), unsafe.SliceData(rest[half:])
				x.vector[0].SetLen(half)
				x.vector[1].SetLen(len(rest) - half)
				x.header = unix.Msghdr{Iov: &x.vector[0], Iovlen: 2}
				q.opcode, q.addr, q.len = opRecvmsg, uint64(uintptr(unsafe.Pointer(&x.header))), 1
				if what == "receive packet" {
					x.header.Name, x.header.Namelen = &x.addr[0], uint32(len(x.addr))
					q.opFlags, q.ioprio = unix.MSG_TRUNC, recvPollFirst
				}
			}
			return q
		}})
	case "receive many", "receive some":
		if r.own < 0 || r.receiving() != nil {
			return
		}
		r.start(&task{what: what, limit: s.n, make: func(x *task) sqe {
			q := sqe{opcode: opRecv, fd: own, flags: sqeBufferSelect, ioprio: recvMultishot, group: 1}
			if x.limit > 0 {
				q.optlen = uint32(x.limit - len(x.got))
			}
			return q
		}})
	case "send", "send vectored", "send packet":
		if r.own < 0 || r.sending() || r.sent+s.n > 1<<15 {
			return
		}
		buf := pattern[r.sent : r.sent+s.n]
		r.sent += s.n
		r.start(&task{what: what, want: s.n, make: func(x *task) sqe {
			rest := buf[len(x.got):]
			q := sqe{opcode: opSend, fd: own, addr: addressOf(rest), len: uint32(len(rest)), opFlags: unix.MSG_NOSIGNAL}
			if what != "send" {
				half := len(rest) / 2
				x.vector[0].Base, x.vector[1].Base = unsafe.SliceData(rest), unsafe.SliceData(rest[half:])
				x.vector[0].SetLen(half)
				x.vector[1].SetLen(len(rest) - half)
				x.header = unix.Msghdr{Iov: &x.vector[0], Iovlen: 2}
				q.opcode, q.addr, q.len = opSendmsg, uint64(uintptr(unsafe.Pointer(&x.header))), 1
			}
			return q
		}})
	case "poll in", "poll out":
		if r.own < 0 || what == "poll in" && r.receiving() != nil {
			return
		}
		events := uint32(unix.POLLIN)
		if what == "poll out" {
			events = unix.POLLOUT
		}
		r.start(&task{what: what, make: func(*task) sqe { return sqe{opcode: opPollAdd, fd: own, opFlags: events} }})
	case "polls": // more completions than there is room for, which are looked at only then
		for range 12 {
			if r.own >= 0 {
				r.start(&task{what: what, make: func(*task) sqe { return sqe{opcode: opPollAdd, fd: own, opFlags: unix.POLLOUT} }})
			}
		}
	case "cancel":
		var open []*task
		for _, x := range r.tasks {
			if x.result == "" || s.n%2 == 0 {
				open = append(open, x)
			}
		}
		if len(open) == 0 {
			return
		}
		x := open[s.n%len(open)]
		x.canceled = true
		q := sqe{opcode: opAsyncCancel, fd: -1, addr: x.serial, userData: 1 << 40}
		if s.n%3 == 0 {
			q.flags = sqeSkipSuccess
		}
		r.c.push(r.t, q)
	case "cancel all":
		for _, x := range r.tasks {
			x.canceled = true
		}
		r.c.push(r.t, sqe{opcode: opAsyncCancel, fd: -1, opFlags: cancelAll | cancelAny, userData: 1 << 40})
	case "half-close":
		if r.peer >= 0 {
			r.check(unix.Shutdown(r.peer, unix.SHUT_WR))
			r.arrive()
		}
	case "close peer":
		if r.peer >= 0 {
			r.takePeer()
			unix.Close(r.peer)
			r.peer = -1
		}
	case "close own":
		// A request that was not handed over would meet nothing.
		for try := 0; r.c.unsent > 0; try++ {
			if r.c.enter(r.t); try == 1000 {
				r.t.Fatal("the ring takes no requests")
			}
		}
		if r.own >= 0 && r.receiving() == nil && !r.sending() || r.own >= 0 && r.receiving() != nil && r.receiving().limit == 0 && r.receiving().what != "receive many" {
			// What waits goes on with the file, of which we keep another descriptor for
			// the case that a request has to be made again.
			keep, err := unix.FcntlInt(uintptr(r.own), unix.F_DUPFD_CLOEXEC, 0)
			r.check(err)
			unix.Close(r.own)
			r.own = -1
			for _, x := range r.tasks {
				x.fd = keep
			}
			r.cleanup = append(r.cleanup, func() { unix.Close(keep) })
		}
	case "write file":
		buf := pattern[:s.n]
		r.start(&task{what: what, want: s.n, make: func(x *task) sqe {
			rest := buf[len(x.got):]
			return sqe{opcode: opWrite, fd: int32(r.file.Fd()), addr: addressOf(rest), len: uint32(len(rest)), off: uint64(100 + len(x.got)), flags: sqeAsync * uint8(s.n%2)}
		}, fd: int(r.file.Fd())})
		r.await()
	case "read file":
		r.start(&task{what: what, want: s.n, buf: make([]byte, s.n), make: func(x *task) sqe {
			rest := x.buf[len(x.got):]
			return sqe{opcode: opRead, fd: int32(r.file.Fd()), addr: addressOf(rest), len: uint32(len(rest)), off: uint64(len(x.got)), flags: sqeAsync * uint8(s.n%2)}
		}, fd: int(r.file.Fd())})
		r.await()
	case "sync":
		defer r.await()
		r.start(&task{what: what, make: func(*task) sqe { return sqe{opcode: opFsync} }, fd: int(r.file.Fd())})
	case "no file":
		r.start(&task{what: what, make: func(*task) sqe { return sqe{opcode: opSend, fd: -1, addr: addressOf(pattern), len: 1} }})
	case "not a socket":
		r.start(&task{what: what, buf: make([]byte, 1), make: func(x *task) sqe { return sqe{opcode: opRecv, addr: addressOf(x.buf), len: 1} }, fd: int(r.file.Fd())})
	case "accept":
		if slices.ContainsFunc(r.tasks, func(x *task) bool { return x.what == "accept" && x.result == "" }) {
			return // which of two is first is not determined
		}
		listen := int32(r.listen)
		r.start(&task{what: what, make: func(*task) sqe {
			return sqe{opcode: opAccept, fd: listen, opFlags: unix.SOCK_CLOEXEC, ioprio: acceptPollFirst * uint16(len(r.tasks)%2)}
		}})
	case "connect", "refused":
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		r.check(err)
		r.cleanup = append(r.cleanup, func() { unix.Close(fd) })
		to := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
		port := r.address().Port
		if what == "refused" {
			port = 1
		}
		to.Port = uint16(port>>8 | port&0xff<<8)
		defer r.await()
		r.start(&task{what: what, make: func(x *task) sqe {
			*(*unix.RawSockaddrInet4)(unsafe.Pointer(&x.addr)) = to
			return sqe{opcode: opConnect, addr: uint64(uintptr(unsafe.Pointer(&x.addr))), off: unix.SizeofSockaddrInet4}
		}, fd: fd})
	default:
		r.t.Fatalf("a step %q", what)
	}
}
