package fakering

import (
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
