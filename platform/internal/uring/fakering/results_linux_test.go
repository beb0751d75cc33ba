package fakering

import (
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// completed takes in a completion.
func (r *runner) completed(c cqe) {
	if c.userData == 1<<40 {
		r.cancels = append(r.cancels, fmt.Sprint(c.res))
		return
	}
	x := r.pending[c.userData]
	if x == nil {
		r.t.Fatalf("a completion %+v of a request that has ended", c)
	}
	more := c.flags&cqeMore != 0
	if !more {
		delete(r.pending, c.userData)
	}
	if more && x.request.ioprio&recvMultishot == 0 && !strings.HasPrefix(x.what, "receive many") && !strings.HasPrefix(x.what, "receive some") {
		r.t.Fatalf("%s: more is to come: %+v", x.what, c)
	}
	if c.flags&cqeBuffer != 0 {
		r.taken(x, c)
	}
	if !more {
		r.ended(x, c)
	}
}

// taken takes what lies in a buffer, and offers that again when the ring is done with it.
func (r *runner) taken(x *task, c cqe) {
	id := int(c.flags >> cqeBufferShift)
	b := &r.c.used[id]
	start := id*r.c.size + *b
	n := int(max(c.res, 0))
	x.got = append(x.got, r.c.data[start:start+n]...)
	*b += n
	if c.flags&cqeBufMore == 0 {
		*b = 0
		r.c.offer(uint16(id))
	}
}

// ended takes in the last completion of a request.
func (r *runner) ended(x *task, c cqe) {
	errno := syscall.Errno(-c.res)
	interrupted := errno == unix.ECANCELED || errno == unix.EINTR || errno == unix.EAGAIN
	many := x.what == "receive many" || x.what == "receive some"
	switch {
	case interrupted && x.canceled:
		x.result, x.free = "interrupted", errno.Error()
	case interrupted:
		r.again(x)
	case errno == unix.ENOBUFS && many:
		if x.canceled {
			x.result = "interrupted"
			return
		}
		r.again(x)
	case x.what == "connect" && (errno == unix.EISCONN || errno == unix.EALREADY):
		if errno == unix.EISCONN {
			x.result = "0"
			return
		}
		r.again(x)
	case c.res < 0:
		x.result = errno.Error()
	case many && c.res == 0:
		x.result = "end"
	case many && x.limit > 0 && len(x.got) >= x.limit:
		x.result = "enough"
	case many && x.canceled:
		x.result = "interrupted"
	case many:
		r.again(x)
	case x.what == "accept":
		unix.Close(int(c.res))
		x.result = "accepted"
	case x.what == "receive packet":
		x.got = x.buf[:min(int(c.res), len(x.buf))]
		x.result = fmt.Sprintf("%d, name %d", c.res, x.header.Namelen)
	case strings.HasPrefix(x.what, "poll"):
		x.result = fmt.Sprintf("events %#x", c.res)
	case c.res == 0 && x.want > 0:
		x.result = "end"
	case x.want > 0:
		if x.buf != nil {
			x.got = x.buf[:len(x.got)+int(c.res)]
		} else {
			x.got = pattern[:len(x.got)+int(c.res)]
		}
		switch {
		case len(x.got) == x.want:
			x.result = "done"
		case x.canceled:
			x.result = "interrupted"
		default:
			r.again(x)
		}
	default:
		x.result = fmt.Sprint(c.res)
	}
}
