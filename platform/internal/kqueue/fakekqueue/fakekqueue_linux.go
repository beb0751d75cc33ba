// Package fakekqueue has the rules of a kqueue on Linux, for tests of what is made for one.
// It looks at sockets by epoll and poll, and at the places where a kqueue leaves something
// open, it draws.
//
// The rules are: one event a filter; EV_CLEAR takes an event away with its report, until
// something happens; whether there is anything to report is looked at once more when it is;
// the end of a stream comes with what is left to read; what wakes is reported once,
// however often it was asked for; a descriptor that is closed takes its filters with it; a filter
// that is added again reports again, with other data, but stays as it was otherwise; events
// come in any order, and not more than there is room for; and a signal may end a wait.
//
// One is not kept: where a descriptor was duplicated, its filters go with the last duplicate,
// and not with itself.
package fakekqueue

import (
	"math/rand/v2"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/kqueue"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// Name is the name of a backend over a fake.
const Name = "fake-kqueue"

type named struct{ *kqueue.Backend }

func (named) Name() string { return Name }

// Open returns a backend over a fake that draws by a seed. The files of the backend are
// served by the one that openFiles returns.
func Open(seed uint64, host backend.Host, openFiles func(wake func()) readiness.Files) (backend.Backend, error) {
	q, err := New(seed)
	if err != nil {
		return nil, err
	}
	return named{kqueue.Over(q, host, openFiles)}, nil
}

// A Queue is a kqueue.Queue.
type Queue struct {
	mu      sync.Mutex
	random  *rand.Rand
	top     int              // an epoll descriptor that watches the others
	filters [kqueue.User]int // epoll descriptors, by filter
	bell    int              // an eventfd
	rung    bool             // Wake has not been reported
	notes   map[key]*note    // what was added and not deleted
	serial  int32            // how many notes there have been
	active  []*note          // what may have something to report
	spare   *note            // notes to be used again: what tests measure is not to allocate
	room    [64]unix.EpollEvent
	closed  bool
}

// A note is a filter of a descriptor.
type note struct {
	key
	serial int32
	data   uintptr
	clear  bool
	active bool
	next   *note // that is spare
}

type key struct {
	ident  int
	filter kqueue.Filter
}

// New returns a queue that draws by a seed.
func New(seed uint64) (*Queue, error) {
	q := &Queue{random: rand.New(rand.NewPCG(seed, 0)), notes: make(map[key]*note)}
	fds := []*int{&q.top, &q.filters[kqueue.Read], &q.filters[kqueue.Write], &q.bell}
	for i, fd := range fds {
		var err error
		if fd == &q.bell {
			*fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		} else {
			*fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		}
		if err == nil && i > 0 {
			if err = unix.EpollCtl(q.top, unix.EPOLL_CTL_ADD, *fd, &unix.EpollEvent{Events: unix.EPOLLIN}); err != nil {
				unix.Close(*fd)
			}
		}
		if err != nil {
			for _, opened := range fds[:i] {
				unix.Close(*opened)
			}
			return nil, os.NewSyscallError("kqueue", err)
		}
	}
	return q, nil
}

// Close implements kqueue.Queue.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, fd := range []int{q.top, q.filters[kqueue.Read], q.filters[kqueue.Write], q.bell} {
		unix.Close(fd)
	}
}

// Wake implements kqueue.Queue.
func (q *Queue) Wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		unix.Write(q.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// Change implements kqueue.Queue.
func (q *Queue) Change(changes [2]kqueue.Event, n int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range changes[:n] {
		call := q.add
		if e.Flags&kqueue.Delete != 0 {
			call = q.remove
		}
		if err := call(e); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) add(e kqueue.Event) error {
	k := key{e.Ident, e.Filter}
	x := q.notes[k]
	if x != nil {
		if err := q.control(unix.EPOLL_CTL_MOD, x); err == nil {
			x.data = e.Data
			return nil
		}
		// It has gone with its descriptor, and is made anew.
		delete(q.notes, k)
	} else if x = q.spare; x != nil {
		q.spare = x.next
	} else {
		x = new(note)
	}
	q.serial++
	x.key, x.serial, x.data, x.clear, x.next = k, q.serial, e.Data, e.Flags&kqueue.Clear != 0, nil
	if err := q.control(unix.EPOLL_CTL_ADD, x); err != nil {
		return err
	}
	q.notes[k] = x
	return nil
}

func (q *Queue) remove(e kqueue.Event) error {
	k := key{e.Ident, e.Filter}
	x := q.notes[k]
	if x == nil {
		return syscall.ENOENT
	}
	delete(q.notes, k)
	if !x.active {
		x.next, q.spare = q.spare, x
	}
	return q.control(unix.EPOLL_CTL_DEL, x)
}

func (q *Queue) control(call int, x *note) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(x.ident), Pad: x.serial}
	if x.filter == kqueue.Write {
		e.Events = unix.EPOLLOUT
	}
	if x.clear {
		e.Events |= unix.EPOLLET
	}
	return unix.EpollCtl(q.filters[x.filter], call, x.ident, &e)
}
