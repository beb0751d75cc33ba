package fakering

import (
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// progress does what can be done of the requests, or some of it.
func (r *Ring) progress() {
	r.gather()
	r.random.Shuffle(len(r.runnable), func(i, j int) { r.runnable[i], r.runnable[j] = r.runnable[j], r.runnable[i] })
	for i := len(r.runnable) - 1; i >= 0; i-- {
		if i >= len(r.runnable) || r.oneIn(4) {
			continue
		}
		x := r.runnable[i]
		x.runnable = false
		r.runnable = remove(r.runnable, x)
		r.try(x)
	}
	if len(r.requests) > 0 && r.oneIn(64) {
		r.interrupt(r.requests[r.random.IntN(len(r.requests))])
	}
	r.unhold()
}

// gather makes runnable what has something to do.
func (r *Ring) gather() {
	n, _ := unix.EpollWait(r.top, r.room[:], 0)
	for _, e := range r.room[:max(n, 0)] {
		if e.Fd < 0 {
			unix.Read(r.bell, r.rings[:])
			continue
		}
		for _, x := range r.requests {
			if x.fd == int(e.Fd) && x.serial == e.Pad && !x.ended {
				r.wake(x)
				break
			}
		}
	}
	if n == len(r.room) {
		r.rings = [8]byte{1}
		unix.Write(r.bell, r.rings[:])
	}
}

// wake has a request tried soon.
func (r *Ring) wake(x *request) {
	if !x.runnable {
		x.runnable = true
		r.runnable = append(r.runnable, x)
	}
}

// wait has a request tried when its file is ready.
func (r *Ring) wait(x *request) {
	if x.watched {
		return
	}
	e := unix.EpollEvent{Events: x.events(), Fd: int32(x.fd), Pad: x.serial}
	if err := unix.EpollCtl(r.top, unix.EPOLL_CTL_ADD, x.fd, &e); err != nil {
		r.wake(x) // it is always ready
		return
	}
	x.watched = true
}

// try does a request, unless that would have to wait.
func (r *Ring) try(x *request) {
	if x.many() {
		r.receive(x)
		return
	}
	res, flags := r.call(x)
	switch {
	case res != -int32(unix.EAGAIN):
		r.end(x, res, flags)
	case x.ending:
		r.end(x, r.interruption(x), 0)
	default:
		r.wait(x)
	}
}

// interrupt ends a request as the kernel does when a thread dies.
func (r *Ring) interrupt(x *request) {
	if !x.ended && !x.ending {
		r.end(x, r.interruption(x), 0)
	}
}

// interruption draws the result of a request that was cancelled.
func (r *Ring) interruption(x *request) int32 {
	errnos := []unix.Errno{unix.ECANCELED, unix.EINTR, unix.EAGAIN}
	switch {
	case x.opcode == opPollAdd:
		errnos = errnos[:1]
	case x.many():
		errnos = errnos[:2]
	}
	return -int32(errnos[r.random.IntN(len(errnos))])
}

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

// A completion is what came of a request, or of one that has none here any more.
type completion struct {
	cqe
	of    *request
	last  bool // of the request
	inRow bool // it names a buffer whose order matters
}

// follows reports whether a completion does not come before one that was there earlier.
func (c completion) follows(earlier completion) bool {
	return earlier.of != nil && earlier.of == c.of || earlier.inRow && c.inRow
}

// end ends a request.
func (r *Ring) end(x *request, res int32, flags uint32) {
	x.ended = true
	if x.runnable {
		x.runnable = false
		r.runnable = remove(r.runnable, x)
	}
	r.post(completion{cqe: cqe{x.userData, res, flags}, of: x, last: true})
}

// post has a completion come now or later.
func (r *Ring) post(c completion) {
	behind := slices.ContainsFunc(r.held, c.follows)
	if behind || c.of != nil && c.of.fd >= 0 && r.oneIn(4) {
		if c.of != nil {
			c.of.held++
		}
		r.held = append(r.held, c)
		return
	}
	r.deliver(c)
}

// unhold has some of the completions come that were held back.
func (r *Ring) unhold() {
	for n := len(r.held); n > 0 && !r.oneIn(4); n-- {
		i := r.random.IntN(len(r.held))
		for j := i - 1; j >= 0; j-- { // what it is behind of comes first
			if r.held[i].follows(r.held[j]) {
				i = j
			}
		}
		c := r.held[i]
		if c.flags&cqeMore != 0 && !r.hasRoom() {
			return
		}
		r.held = append(r.held[:i], r.held[i+1:]...)
		if c.of != nil {
			c.of.held--
		}
		r.deliver(c)
	}
}

// hasRoom reports whether there is room for a completion that is not its request's last.
func (r *Ring) hasRoom() bool {
	return len(r.backlog) == 0 && atomic.LoadUint32(r.cqTail)-atomic.LoadUint32(r.cqHead) < uint32(len(r.cqes))
}

// deliver puts a completion into the queue.
func (r *Ring) deliver(c completion) {
	keeps := true
	if r.planted != nil && r.planted.says != nil && c.of != nil {
		keeps = r.planted.says(c.of, &c.cqe)
	}
	switch {
	case !keeps:
	case r.hasRoom():
		r.put(c.cqe)
	default:
		r.backlog = append(r.backlog, c.cqe)
	}
	if c.last && c.of != nil {
		r.release(c.of)
	}
}

func (r *Ring) put(c cqe) {
	tail := atomic.LoadUint32(r.cqTail)
	r.cqes[tail&uint32(len(r.cqes)-1)] = c
	atomic.StoreUint32(r.cqTail, tail+1)
}

// flush puts what had no room into the queue.
func (r *Ring) flush() {
	n := 0
	for n < len(r.backlog) && atomic.LoadUint32(r.cqTail)-atomic.LoadUint32(r.cqHead) < uint32(len(r.cqes)) {
		r.put(r.backlog[n])
		n++
	}
	r.backlog = append(r.backlog[:0], r.backlog[n:]...)
}
