package fakering

import (
	"golang.org/x/sys/unix"
)

// cancel does a request to cancel others.
func (r *Ring) cancel(q *sqe) {
	if q.fd != -1 {
		panic("fakering: a cancel of what a descriptor is used for")
	}
	if q.opFlags != 0 {
		n := int32(0)
		for i := len(r.requests) - 1; i >= 0; i-- {
			if i < len(r.requests) && !r.requests[i].ended {
				n++
				r.cancelOne(r.requests[i])
			}
		}
		r.post(completion{cqe: cqe{q.userData, n, 0}})
		return
	}
	res := -int32(unix.ENOENT)
	own := completion{cqe: cqe{userData: q.userData}}
	for _, x := range r.requests {
		if x.userData != q.addr {
			continue
		}
		if !x.ended {
			res = r.cancelOne(x)
			break
		}
		if x.cancelled && r.oneIn(2) { // it is found as long as that is not done
			res = 0
			break
		}
	}
	if own.res = res; res != 0 || q.flags&sqeSkipSuccess == 0 {
		r.post(own)
	}
}

// cancelOne returns what a cancel says that has found a request.
func (r *Ring) cancelOne(x *request) int32 {
	if r.planted != nil && r.planted.cancels != nil {
		r.planted.cancels(r, x)
		return 0
	}
	if x.ending || r.oneIn(4) {
		x.ending = true
		r.wake(x)
		return -int32(unix.EALREADY)
	}
	x.cancelled = true
	r.end(x, -int32(unix.ECANCELED), 0)
	return 0
}
