package platform

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// epoll is the readiness interface of Linux. A socket is registered once, for
// both directions, edge-triggered.
//
// What cannot block is called without telling the Go scheduler (see raw_linux.go):
// telling it costs little, but its monitor then takes the processor away again
// and again. The leader looks for events in the same way, and only when there
// are none does it park in Go's own poller, which can wait for an epoll
// descriptor as for any other.
type epoll struct {
	linuxSockets
	parker // on fd
	p      *Proactor
	fd     int

	events [epollBatch]unix.EpollEvent
	ready  [epollBatch]*Socket
	n      int

	files *portable   // serves them
	filed atomic.Bool // there has been a file

	mu    sync.Mutex // see lock
	table []slot
	free  []uint32
	start time.Time
}

// epollBatch is how many events are taken at once. All their reads come before
// the first write, so with more of them the kernel's part of a connection has left
// the processor's cache when its turn to write comes.
const epollBatch = 32

// A slot is where an event finds its socket. The kernel is given its number
// and generation, from 1, and never a pointer, so an event that is late misses the
// next socket in the same memory.
type slot struct {
	s   *Socket
	gen uint32
}

func newEpoll(p *Proactor) (Backend, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	b := &epoll{p: p, fd: fd, start: time.Now()}
	b.files = newPortable(p)
	b.files.over = b.Wake
	if err := b.open(fd, "epoll", b.collect); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *epoll) Name() string { return "epoll" }
func (b *epoll) Now() int64   { return int64(time.Since(b.start)) }

func (b *epoll) Shutdown() {
	b.files.Shutdown()
	b.close()
}

func (b *epoll) lock() {
	if !b.p.single {
		b.mu.Lock()
	}
}

func (b *epoll) unlock() {
	if !b.p.single {
		b.mu.Unlock()
	}
}

// adopt makes fd, which does not block, the descriptor of s. The caller holds
// the lock of s or is alone in having it.
func (b *epoll) adopt(s *Socket, fd int, sys sysSocket) error {
	b.lock()
	var i uint32
	if n := len(b.free); n > 0 {
		i = b.free[n-1]
		b.free = b.free[:n-1]
	} else {
		i = uint32(len(b.table))
		b.table = append(b.table, slot{gen: 1})
	}
	b.table[i].s = s
	gen := b.table[i].gen
	b.unlock()

	sys.fd, sys.slot, sys.gen = int32(fd), i, gen
	s.sys = sys
	e := unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET,
		Fd:     int32(i),
		Pad:    int32(gen),
	}
	if errno := epollAdd(b.fd, fd, &e); errno != 0 {
		b.forget(s)
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

// forget takes s out of the table.
func (b *epoll) forget(s *Socket) {
	b.lock()
	e := &b.table[s.sys.slot]
	e.s = nil
	e.gen = max(e.gen+1, 1)
	b.free = append(b.free, s.sys.slot)
	b.unlock()
	s.sys, s.Sys = sysSocket{}, nil
}

func (b *epoll) CloseSocket(s *Socket) error {
	if s.sys.gen == 0 {
		return b.files.CloseSocket(s)
	}
	sys := s.sys
	b.forget(s)
	return sys.shut() // which also ends the registration
}

// Poll implements Backend. One goroutine at a time calls it.
func (b *epoll) Poll(wait time.Duration) {
	if wait == 0 {
		b.collect()
	} else {
		b.park(wait)            // which looks first
		b.p.parked.Store(false) // nobody needs to wake it meanwhile
	}
	for i, s := range b.ready[:b.n] {
		if s != nil {
			b.ready[i] = nil
			b.event(s, &b.events[i])
		}
	}
	b.n = 0
	if b.filed.Load() {
		b.files.Poll(0)
	}
}

// collect looks for events without waiting and finds their sockets.
func (b *epoll) collect() bool {
	n, errno := epollPeek(b.fd, b.events[:])
	if errno != 0 {
		panic(fmt.Sprintf("platform: epoll_wait: %v", errno)) // the descriptor is ours: only a bug can do this
	}
	if n == 0 {
		return false
	}
	b.lock()
	for i := range b.events[:n] {
		if e := &b.table[b.events[i].Fd]; e.gen == uint32(b.events[i].Pad) {
			b.ready[i] = e.s
		}
	}
	b.unlock()
	b.n = n
	return true
}

// event does what a socket's operations wait for.
func (b *epoll) event(s *Socket, e *unix.EpollEvent) {
	// Not s.lock: the event may be late, and s be another proactor's by now.
	if !b.p.single {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	if s.p != b.p || s.sys.slot != uint32(e.Fd) || s.sys.gen != uint32(e.Pad) {
		return // closed since the events were collected
	}
	out, events := &b.p.polled, e.Events
	const end = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
	if events&(end|unix.EPOLLPRI) != 0 {
		s.sys.sticky = true
	}
	if events&(unix.EPOLLIN|end) != 0 {
		// With several runners, another may have read since the event was
		// collected.
		s.sys.readable, s.sys.edge = true, b.p.single
		s.advance(reading, out)
		s.sys.edge = false
	}
	if events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.sys.writable = true
		s.advance(writing, out)
	}
}
