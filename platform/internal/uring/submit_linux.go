package uring

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// How requests get to the kernel.

const (
	// maxSubmit and maxCopied bound what one call hands over, in requests and in bytes
	// that these copy.
	maxSubmit = 64
	maxCopied = descriptor.MaxTransfer
)

// next returns a zeroed place for a request. It is handed to the kernel by the
// next submit.
func (r *ring) next() *sqe {
	if r.unsent == uint32(len(r.sqes)) || len(r.waiting) > 0 {
		if r.submit(); r.unsent == uint32(len(r.sqes)) || len(r.waiting) > 0 {
			reach.Sometimes(true, reach.RingFull)
			r.waiting = append(r.waiting, request{})
			return &r.waiting[len(r.waiting)-1].sqe
		}
	}
	return r.push(request{})
}

// push adds a request for which there is room.
func (r *ring) push(q request) *sqe {
	i := r.tail & uint32(len(r.sqes)-1)
	r.sqes[i], r.copied[i] = q.sqe, q.copied
	r.tail++
	r.unsent++
	return &r.sqes[i]
}

// copies says how many bytes the last request may copy.
func (r *ring) copies(n int) {
	if last := len(r.waiting) - 1; last >= 0 {
		r.waiting[last].copied = uint32(n)
		return
	}
	r.copied[(r.tail-1)&uint32(len(r.sqes)-1)] = uint32(n)
}

// submit hands all requests to the kernel, as far as it takes them.
func (r *ring) submit() {
	for r.unsent > 0 {
		atomic.StoreUint32(r.sqTail, r.tail)
		n, errno := r.enter(r.batch(), 0)
		if errno == unix.EAGAIN || errno == unix.EBUSY {
			return // no memory, or too many completions: later
		}
		if errno != 0 && errno != unix.EINTR {
			panic(fmt.Sprintf("platform: io_uring_enter: %v", errno)) // only a bug can do this
		}
		r.unsent -= n
		for len(r.waiting) > 0 && r.unsent < uint32(len(r.sqes)) {
			i := min(len(r.waiting), len(r.sqes)-int(r.unsent))
			for _, q := range r.waiting[:i] {
				r.push(q)
			}
			r.waiting = append(r.waiting[:0], r.waiting[i:]...)
		}
	}
}

// batch returns how many requests to hand over in one call. The kernel may do all that
// it is asked to right away, and the scheduler cannot stop this thread before the call
// has returned, so it is not too much.
func (r *ring) batch() (n uint32) {
	most := min(r.unsent, maxSubmit)
	bytes := uint32(0)
	for n < most {
		bytes += r.copied[(r.tail-r.unsent+n)&uint32(len(r.sqes)-1)]
		if bytes > maxCopied && n > 0 {
			break
		}
		n++
	}
	return n
}

// invalidate keeps requests for a descriptor that the kernel has not taken from
// meeting whatever has the descriptor next. They fail.
func (r *ring) invalidate(fd int32) {
	for i := range r.unsent {
		if e := &r.sqes[(r.tail-1-i)&uint32(len(r.sqes)-1)]; e.fd == fd {
			e.fd = -1
		}
	}
	for i := range r.waiting {
		if r.waiting[i].fd == fd {
			r.waiting[i].fd = -1
		}
	}
}
