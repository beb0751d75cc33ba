package fakering

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// buffers are the ones that a ring was given to receive into.
type buffers struct {
	entries []bufEntry
	group   uint16
	packed  bool // they are filled one message behind the other
	head    uint16
}

func (b *buffers) register(reg *bufReg, linux release) syscall.Errno {
	n := reg.entries
	switch {
	case b.entries != nil:
		return unix.EEXIST
	case reg.flags&^bufRingInc != 0, n == 0 || n&(n-1) != 0 || n >= 1<<15, reg.addr%4096 != 0:
		return unix.EINVAL
	case reg.flags&bufRingInc != 0 && linux < linux6_12:
		return unix.EINVAL
	}
	b.entries = unsafe.Slice(at[bufEntry](reg.addr), n)
	b.group, b.packed = reg.group, reg.flags&bufRingInc != 0
	return 0
}

// next returns the buffer that is filled next, or nil if there is none.
func (b *buffers) next() *bufEntry {
	// The tail lies in the upper half of a word, behind the number of the first.
	word := atomic.LoadUint32((*uint32)(unsafe.Pointer(&b.entries[0].bid)))
	if (*[2]uint16)(unsafe.Pointer(&word))[1] == b.head {
		return nil
	}
	return &b.entries[int(b.head)&(len(b.entries)-1)]
}

// fill says that n bytes lie in the next buffer, and returns what a completion says of it.
func (b *buffers) fill(e *bufEntry, n uint32) uint32 {
	flags := cqeBuffer | uint32(e.bid)<<cqeBufferShift
	if b.packed {
		e.addr += uint64(n)
		if e.len -= n; e.len > 0 {
			return flags | cqeBufMore
		}
	}
	b.head++
	return flags
}

// receive receives what there is, or some of it, into buffers.
func (r *Ring) receive(x *request) {
	if x.group != r.buffers.group {
		r.end(x, -int32(unix.ENOBUFS), 0)
		return
	}
	for times := 1 + r.random.IntN(4); times > 0; times-- {
		e := r.buffers.next()
		if e == nil || r.oneIn(64) { // or others have them, for a moment
			r.end(x, -int32(unix.ENOBUFS), 0)
			return
		}
		n, errno := rawCall(unix.SYS_RECVFROM, x.fd, uintptr(e.addr), uintptr(r.part(x, e.len)), unix.MSG_DONTWAIT)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN && x.ending:
			r.end(x, r.interruption(x), 0)
			return
		case errno == unix.EAGAIN:
			r.wait(x)
			return
		case errno != 0:
			r.end(x, -int32(errno), 0)
			return
		case n == 0:
			r.end(x, 0, 0)
			return
		}
		if !r.received(x, uint32(n), r.buffers.fill(e, uint32(n))|r.nonempty(x)) {
			return
		}
	}
	r.wake(x)
}

// received posts what has come, and reports whether the request goes on.
func (r *Ring) received(x *request, n, flags uint32) bool {
	limited := x.left > 0
	x.left -= min(n, x.left)
	ends := limited && x.left == 0 || x.ending || x.held == 0 && !r.hasRoom() || r.oneIn(16)
	c := completion{cqe: cqe{x.userData, int32(n), flags}, of: x, last: ends, inRow: r.buffers.packed}
	if ends {
		x.ended = true
	} else {
		c.flags |= cqeMore
	}
	r.post(c)
	return !ends
}
