// Package epoll is the backend for the readiness interface of Linux.
package epoll

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/clock"
	"github.com/heirloom-go/heirloom/platform/internal/parker"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// Backend looks for events without telling the Go scheduler, because a look cannot
// block: telling it costs little, but its monitor then takes the processor away again
// and again. Only when there are none does it park in Go's own poller, which can wait
// for an epoll descriptor as for any other.
type Backend struct {
	readiness.Engine
	parker.Parker // on fd
	host          backend.Host
	fd            int

	events  [batch]unix.EpollEvent
	next, n int // those of events that were not served yet
}

var (
	_ backend.FileBackend   = (*Backend)(nil)
	_ backend.SocketBackend = (*Backend)(nil)
)

// batch is how many events are taken at once. All their reads come before
// the first write, so with more of them the kernel's part of a connection has left
// the processor's cache when its turn to write comes.
const batch = 32

// New returns a backend whose files are served by the one that openFiles returns. That
// wakes this one by the function that it is given.
func New(host backend.Host, openFiles func(wake func()) readiness.Files) (*Backend, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	b := &Backend{host: host, fd: fd}
	b.Init(host, openFiles(b.Wake), b.register, readiness.Rules{})
	if err := b.Open(fd, "epoll", b.collect); err != nil {
		return nil, err
	}
	return b, nil
}

// Name implements backend.Backend.
func (b *Backend) Name() string { return "epoll" }

// Now implements backend.Backend.
func (b *Backend) Now() int64 { return clock.Now() }

// Shutdown implements backend.Backend.
func (b *Backend) Shutdown() {
	b.Engine.Shutdown()
	b.Parker.Close()
}

// Poll implements backend.Backend.
func (b *Backend) Poll(wait time.Duration) {
	switch {
	case b.next < b.n: // what was left when something has panicked
	case wait == 0:
		b.collect()
	default:
		if b.Park(wait) { // which looks first
			b.host.Slept()
		}
		b.host.Awake() // nobody needs to wake it meanwhile
	}
	b.serve()
	b.Polled()
}

// serve does what the events tell of.
func (b *Backend) serve() {
	for b.next < b.n {
		e := &b.events[b.next]
		b.next++
		b.Event(readiness.Name{Index: uint32(e.Fd), Generation: uint32(e.Pad)}, events(e.Events))
	}
}

// collect looks for events without waiting, and reports whether there are any.
func (b *Backend) collect() bool {
	n, errno := peek(b.fd, b.events[:])
	if errno != 0 {
		panic(fmt.Sprintf("platform: epoll_wait: %v", errno)) // the descriptor is ours: only a bug can do this
	}
	b.next, b.n = 0, n
	return n > 0
}

// events returns what the kernel's events mean.
func events(e uint32) (what readiness.Events) {
	if e&unix.EPOLLIN != 0 {
		what |= readiness.In
	}
	if e&unix.EPOLLOUT != 0 {
		what |= readiness.Out
	}
	if e&unix.EPOLLRDHUP != 0 {
		what |= readiness.Ended
	}
	if e&(unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		what |= readiness.Broken
	}
	if e&unix.EPOLLPRI != 0 {
		what |= readiness.Urgent
	}
	return what
}

// register registers a descriptor.
func (b *Backend) register(fd int, n readiness.Name, i readiness.Interest) error {
	e := unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET,
		Fd:     int32(n.Index),
		Pad:    int32(n.Generation),
	}
	call := uintptr(unix.EPOLL_CTL_ADD)
	switch i {
	case readiness.InEdges:
		e.Events &^= unix.EPOLLOUT
	case readiness.Connections:
		e.Events = unix.EPOLLIN
	case readiness.ToEdges:
		call = unix.EPOLL_CTL_MOD
	case readiness.Nothing:
		call = unix.EPOLL_CTL_DEL
	}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(b.fd), call, uintptr(fd), uintptr(unsafe.Pointer(&e)), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

// peek returns the number of events there are now.
func peek(epfd int, events []unix.EpollEvent) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
			uintptr(len(events)), 0, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}
