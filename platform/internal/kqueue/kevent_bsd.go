//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// New returns a backend whose files are served by the one that openFiles returns.
func New(host backend.Host, openFiles func(wake func()) readiness.Files) (*Backend, error) {
	q := new(queue)
	if err := q.open(); err != nil {
		return nil, err
	}
	return Over(q, host, openFiles), nil
}

// A queue is a kqueue of the system.
type queue struct {
	fd     int
	events keventSpace

	mu     sync.Mutex // that nobody wakes what is closed, or what has its number by then
	closed bool
	waker
}

// A keventSpace is room for a batch of events. In package unix their udata is a pointer,
// which the garbage collector would follow, and ours is none. So it never sees them as what
// they are.
type keventSpace [(batch*unsafe.Sizeof(unix.Kevent_t{}) + 7) / 8]uint64

// A changeSpace is the same for changes.
type changeSpace [(2*unsafe.Sizeof(unix.Kevent_t{}) + 7) / 8]uint64

// udata is where the data of an event lie. They are as large as a pointer on each system.
func udata(k *unix.Kevent_t) *uintptr { return (*uintptr)(unsafe.Pointer(&k.Udata)) }

const _ = -(unsafe.Sizeof(unix.Kevent_t{}.Udata) ^ unsafe.Sizeof(uintptr(0))) // does not compile if they are not

func (q *queue) open() error {
	syscall.ForkLock.RLock()
	fd, err := unix.Kqueue()
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return os.NewSyscallError("kqueue", err)
	}
	if err := q.waker.open(fd); err != nil {
		unix.Close(fd)
		return err
	}
	q.fd = fd
	return nil
}

// Close implements Queue.
func (q *queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.waker.close()
	unix.Close(q.fd)
}

// Wake implements Queue.
func (q *queue) Wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.waker.wake(q.fd)
	}
}

// Change implements Queue.
func (q *queue) Change(changes [2]Event, n int) error {
	var space changeSpace
	ks := (*[2]unix.Kevent_t)(unsafe.Pointer(&space))[:n]
	for i := range ks {
		e := &changes[i]
		filter, flags := unix.EVFILT_READ, 0
		if e.Filter == Write {
			filter = unix.EVFILT_WRITE
		}
		if e.Flags&Add != 0 {
			flags |= unix.EV_ADD
		}
		if e.Flags&Clear != 0 {
			flags |= unix.EV_CLEAR
		}
		if e.Flags&Delete != 0 {
			flags |= unix.EV_DELETE
		}
		unix.SetKevent(&ks[i], e.Ident, filter, flags)
		*udata(&ks[i]) = e.Data
	}
	return change(q.fd, ks)
}

// change makes changes, of which the first that fails is the error, as there is no room for
// events.
func change(fd int, ks []unix.Kevent_t) error {
	for {
		if _, err := unix.Kevent(fd, ks, nil, nil); err != unix.EINTR {
			return err
		}
	}
}

// Wait implements Queue.
func (q *queue) Wait(events []Event, wait time.Duration) (int, error) {
	ks := (*[batch]unix.Kevent_t)(unsafe.Pointer(&q.events))[:min(len(events), batch)]
	var timeout *unix.Timespec
	if wait >= 0 {
		t := unix.NsecToTimespec(int64(wait))
		timeout = &t
	}
	n, err := unix.Kevent(q.fd, nil, ks, timeout)
	if err != nil {
		return 0, err
	}
	for i := range ks[:n] {
		k, e := &ks[i], &events[i]
		*e = Event{Ident: int(k.Ident), Data: *udata(k)}
		switch {
		case q.waker.is(k):
			e.Filter = User
		case k.Filter == unix.EVFILT_WRITE:
			e.Filter = Write
		default:
			e.Filter = Read
		}
		if k.Flags&unix.EV_EOF != 0 {
			e.Flags = EOF
		}
	}
	return n, nil
}
