package fakering

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// submit takes requests from the queue, at most as many as it is asked to.
func (r *Ring) submit(n uint32) (uint32, syscall.Errno) {
	head := atomic.LoadUint32(r.sqHead)
	n = min(n, atomic.LoadUint32(r.sqTail)-head)
	of := n
	switch {
	case n == 0:
		return 0, 0
	case len(r.backlog) > 0 && r.oneIn(2):
		return 0, unix.EBUSY
	case r.oneIn(64):
		return 0, unix.EAGAIN
	case r.oneIn(64):
		return 0, unix.EINTR
	case r.oneIn(8):
		n = 1 + uint32(r.random.IntN(int(n)))
	}
	for i := range n {
		place := (head + i) & uint32(len(r.sqes)-1)
		if r.sqArray != nil {
			place = r.sqArray[place]
		}
		q := r.sqes[place]
		if r.planted != nil && r.planted.takes != nil {
			r.planted.takes(&q)
		}
		r.take(&q)
	}
	if r.planted != nil && r.planted.leaves != nil {
		n = r.planted.leaves(n, of)
	}
	atomic.StoreUint32(r.sqHead, head+n)
	return n, 0
}

// take does what can be done of a request right away.
func (r *Ring) take(q *sqe) {
	if errno := r.check(q); errno != 0 {
		r.post(completion{cqe: cqe{q.userData, -int32(errno), 0}})
		return
	}
	if q.opcode == opAsyncCancel {
		r.cancel(q)
		return
	}
	x := r.newRequest(q)
	if errno := x.prepare(); errno != 0 {
		r.end(x, -int32(errno), 0)
		return
	}
	// What waits first is looked at all the same, but not by the call that made it.
	waits := q.opcode == opAccept && q.ioprio&acceptPollFirst != 0 || x.receives() && q.ioprio&recvPollFirst != 0
	switch {
	case q.flags&sqeAsync != 0 || r.oneIn(4):
		r.wake(x)
	case waits:
		r.wait(x)
	default:
		r.try(x)
	}
}

// A rule says what is known of a kind of request: which bits each of its fields may have.
type rule struct {
	flags         uint8
	ioprio        uint16
	opFlags       uint32
	off, addr     uint64
	len           uint32
	group, optlen bool
}

const all = ^uint64(0)

var rules = [opSendZC + 1]*rule{
	opRecv:        {flags: sqeBufferSelect, ioprio: recvPollFirst | recvMultishot, addr: all, len: 1<<32 - 1, group: true, optlen: true},
	opRecvmsg:     {ioprio: recvPollFirst, opFlags: unix.MSG_TRUNC | unix.MSG_NOSIGNAL, addr: all, len: 1},
	opSend:        {opFlags: unix.MSG_NOSIGNAL, addr: all, len: 1<<32 - 1},
	opSendmsg:     {opFlags: unix.MSG_NOSIGNAL, addr: all, len: 1},
	opAccept:      {ioprio: acceptPollFirst, opFlags: unix.SOCK_CLOEXEC},
	opConnect:     {addr: all, off: all},
	opPollAdd:     {opFlags: unix.POLLIN | unix.POLLOUT},
	opRead:        {flags: sqeAsync, addr: all, len: 1<<32 - 1, off: all},
	opWrite:       {flags: sqeAsync, addr: all, len: 1<<32 - 1, off: all},
	opFsync:       {flags: sqeAsync},
	opAsyncCancel: {flags: sqeSkipSuccess, addr: all, opFlags: cancelAll | cancelAny},
}

// check returns what the kernel says of a request that it does not know in this release, and
// panics if nobody here knows it.
func (r *Ring) check(q *sqe) syscall.Errno {
	k := (*rule)(nil)
	if q.opcode <= opSendZC {
		k = rules[q.opcode]
	}
	if k == nil || q.flags&^k.flags != 0 || q.ioprio&^k.ioprio != 0 || q.opFlags&^k.opFlags != 0 ||
		q.off&^k.off != 0 || q.addr&^k.addr != 0 || q.len&^k.len != 0 ||
		q.group != 0 && !k.group || q.optlen != 0 && !k.optlen || q.personality != 0 || q.addr3 != 0 {
		panic(fmt.Sprintf("fakering: a request %+v", *q))
	}
	many := q.opcode == opRecv && q.ioprio&recvMultishot != 0
	switch {
	case many != (q.flags&sqeBufferSelect != 0), many && (q.addr != 0 || q.len != 0), q.optlen != 0 && !many:
		panic(fmt.Sprintf("fakering: a request %+v", *q))
	case q.optlen != 0 && r.linux < linux6_17, q.opcode == opAccept && q.ioprio != 0 && r.linux < linux6_10:
		return unix.EINVAL
	}
	return 0
}

// A request is one that the ring has taken.
type request struct {
	sqe
	next   *request // that is spare
	serial int32

	fd        int    // a descriptor of its file's, or -1
	stream    bool   // it may send or receive a part
	left      uint32 // how many bytes it still receives, if there is a limit
	watched   bool   // top watches fd
	runnable  bool
	ending    bool // a cancel could not say what becomes of it: it does not wait any more
	ended     bool // with a completion that may still be held
	started   bool // a connect that waits for its answer
	cancelled bool // by a request
	held      int  // of its completions

	header unix.Msghdr
	vector []unix.Iovec
	addr   [unix.SizeofSockaddrAny]byte // of a connect or a packet to be sent
}

func (x *request) receives() bool { return x.opcode == opRecv || x.opcode == opRecvmsg }
func (x *request) many() bool     { return x.opcode == opRecv && x.ioprio&recvMultishot != 0 }

func (r *Ring) newRequest(q *sqe) *request {
	x := r.spare
	if x != nil {
		r.spare = x.next
	} else {
		x = new(request)
	}
	r.serial++
	*x = request{sqe: *q, serial: r.serial, fd: -1, left: q.optlen, vector: x.vector[:0]}
	r.requests = append(r.requests, x)
	return x
}

// prepare takes what a request points to, and its file.
func (x *request) prepare() syscall.Errno {
	switch x.opcode {
	case opRecvmsg, opSendmsg:
		x.header = *at[unix.Msghdr](x.sqe.addr)
		n := int(x.header.Iovlen)
		x.vector = append(x.vector, unsafe.Slice(x.header.Iov, n)...)
		if x.header.Controllen != 0 {
			panic("fakering: a message with control data")
		}
		if size := int(x.header.Namelen); x.opcode == opSendmsg && size > 0 {
			copy(x.addr[:], unsafe.Slice(x.header.Name, size))
		}
	case opConnect:
		copy(x.addr[:], unsafe.Slice(at[byte](x.sqe.addr), int(x.off)))
	}
	if x.sqe.fd < 0 {
		return unix.EBADF
	}
	fd, err := unix.FcntlInt(uintptr(x.sqe.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err.(syscall.Errno)
	}
	x.fd = fd
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	x.stream = err != nil || kind == unix.SOCK_STREAM
	return 0
}

// release gives up what an ended request has.
func (r *Ring) release(x *request) {
	if x.watched {
		unix.EpollCtl(r.top, unix.EPOLL_CTL_DEL, x.fd, nil)
	}
	if x.fd >= 0 {
		unix.Close(x.fd)
	}
	r.requests = remove(r.requests, x)
	if x.runnable {
		r.runnable = remove(r.runnable, x)
	}
	*x = request{next: r.spare, vector: x.vector[:0], fd: -1}
	r.spare = x
}

func remove(from []*request, x *request) []*request {
	for i, y := range from {
		if y == x {
			last := len(from) - 1
			from[i] = from[last]
			from[last] = nil
			return from[:last]
		}
	}
	return from
}
