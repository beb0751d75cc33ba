package fakekqueue

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/internal/kqueue"
)

// Wait implements kqueue.Queue.
func (q *Queue) Wait(events []kqueue.Event, wait time.Duration) (int, error) {
	until := time.Now().Add(wait)
	for {
		n, interrupted := q.look(events)
		if n > 0 || wait == 0 {
			return n, nil
		}
		if interrupted {
			return 0, syscall.EINTR
		}
		var timeout *unix.Timespec
		if wait > 0 {
			left := time.Until(until)
			if left <= 0 {
				return 0, nil
			}
			t := unix.NsecToTimespec(int64(left))
			timeout = &t
		}
		if _, err := unix.Ppoll([]unix.PollFd{{Fd: int32(q.top), Events: unix.POLLIN}}, timeout, nil); err != nil {
			return 0, err
		}
	}
}

// look reports what there is, and draws whether a signal is to come if there is nothing.
func (q *Queue) look(events []kqueue.Event) (n int, interrupted bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.gather()
	q.random.Shuffle(len(q.active), func(i, j int) { q.active[i], q.active[j] = q.active[j], q.active[i] })
	if q.random.IntN(4) == 0 {
		events = events[:1+q.random.IntN(len(events))]
	}
	late := q.random.IntN(2) == 0
	if !late {
		n = q.tell(events)
	}
	for n < len(events) && len(q.active) > 0 {
		last := len(q.active) - 1
		x := q.active[last]
		q.active[last] = nil
		q.active = q.active[:last]
		x.active = false
		if flags, ok := q.holds(x); ok {
			events[n] = kqueue.Event{Ident: x.ident, Filter: x.filter, Flags: flags, Data: x.data}
			n++
		}
	}
	if late && n < len(events) {
		n += q.tell(events[n:])
	}
	return n, q.random.IntN(8) == 0
}

// tell reports a Wake, if there was one.
func (q *Queue) tell(events []kqueue.Event) int {
	if !q.rung {
		return 0
	}
	q.rung = false
	events[0] = kqueue.Event{Filter: kqueue.User}
	return 1
}

// gather makes active what has something to report.
func (q *Queue) gather() {
	var rings [8]byte
	if n, _ := unix.Read(q.bell, rings[:]); n > 0 {
		q.rung = true
	}
	for _, f := range []kqueue.Filter{kqueue.Read, kqueue.Write} {
		n, _ := unix.EpollWait(q.filters[f], q.room[:], 0)
		for _, e := range q.room[:max(n, 0)] {
			x := q.notes[key{int(e.Fd), f}]
			if x != nil && x.serial == e.Pad && !x.active { // else it is another's, or is so already
				x.active = true
				q.active = append(q.active, x)
			}
		}
	}
}

// holds reports whether a note has still something to report, and with which flags.
func (q *Queue) holds(x *note) (flags kqueue.Flags, ok bool) {
	if q.notes[x.key] != x {
		return 0, false
	}
	poll := []unix.PollFd{{Fd: int32(x.ident), Events: unix.POLLIN | unix.POLLRDHUP}}
	ends := int16(unix.POLLRDHUP | unix.POLLHUP)
	if x.filter == kqueue.Write {
		poll[0].Events, ends = unix.POLLOUT, unix.POLLERR|unix.POLLHUP
	}
	n, err := unix.Poll(poll, 0)
	if err != nil || n == 0 || poll[0].Revents&unix.POLLNVAL != 0 {
		return 0, err == unix.EINTR // which cannot be told
	}
	if poll[0].Revents&ends != 0 {
		flags = kqueue.EOF
	}
	return flags, true
}
