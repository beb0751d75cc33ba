//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

// Package kqueue is the backend for the readiness interface of macOS and the BSDs. What it
// does with a kqueue is apart from the calls, which a [Queue] makes, so that it also runs on
// Linux, over a fake one. It is compiled and vetted for those systems; the authors have run
// it on the fake, and on none of them.
package kqueue

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/clock"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// Backend waits in the call itself, which keeps a thread: Go's own poller cannot wait for
// a kqueue on each of these systems.
type Backend struct {
	readiness.Engine
	host  backend.Host
	queue Queue

	events  [batch]Event
	next, n int  // those of events that were not served yet
	woken   bool // Wake was called, and no Poll that may wait has heard of it
}

var (
	_ backend.FileBackend   = (*Backend)(nil)
	_ backend.SocketBackend = (*Backend)(nil)
)

// batch is how many events are taken at once; see package epoll.
const batch = 32

// Over returns a backend over a queue, which becomes its own, and whose files are served by
// the one that openFiles returns. That wakes this one by the function that it is given.
func Over(q Queue, host backend.Host, openFiles func(wake func()) readiness.Files) *Backend {
	b := &Backend{host: host, queue: q}
	// Some of these systems tell of urgent data, and some do not. None says that a
	// connection has all options of its listener.
	b.Init(host, openFiles(b.Wake), b.register, readiness.Rules{Forgets: forgets, NoUrgent: true, NoOptions: true})
	return b
}

// Name implements backend.Backend.
func (b *Backend) Name() string { return "kqueue" }

// Now implements backend.Backend.
func (b *Backend) Now() int64 { return clock.Now() }

// Wake implements backend.Backend.
func (b *Backend) Wake() { b.queue.Wake() }

// Shutdown implements backend.Backend.
func (b *Backend) Shutdown() {
	b.Engine.Shutdown()
	b.queue.Close()
}

// Poll implements backend.Backend.
func (b *Backend) Poll(wait time.Duration) {
	switch {
	case b.next < b.n: // what was left when something has panicked
	case wait == 0:
		b.collect(0)
	default:
		b.await(wait)
		b.host.Awake() // nobody needs to wake it meanwhile
	}
	b.serve()
	b.Polled()
}

// await waits for events or for Wake, and looks first.
func (b *Backend) await(wait time.Duration) {
	if !b.collect(0) && !b.woken {
		// The call does not tell the scheduler that it is going to wait, which otherwise
		// finds out only after a while.
		runtime.Gosched()
		until := b.Now() + int64(wait)
		for !b.collect(wait) && !b.woken { // a signal, or the time has passed
			if wait < 0 {
				continue
			}
			if wait = time.Duration(until - b.Now()); wait <= 0 {
				break
			}
		}
		b.host.Slept()
	}
	b.woken = false
}

// collect takes the events that there are, and waits if there are none. It reports whether
// there are any. If a signal has interrupted the wait, there are none.
func (b *Backend) collect(wait time.Duration) bool {
	n, err := b.queue.Wait(b.events[:], wait)
	if err != nil && err != syscall.EINTR {
		panic(fmt.Sprintf("platform: kevent: %v", err)) // the descriptor is ours: only a bug can do this
	}
	b.next, b.n = 0, 0
	for _, e := range b.events[:n] {
		if e.Filter == User {
			b.woken = true
			continue
		}
		b.events[b.n] = e
		b.n++
	}
	return b.n > 0
}

// serve does what the events tell of.
func (b *Backend) serve() {
	for b.next < b.n {
		e := &b.events[b.next]
		b.next++
		b.Event(unpack(e.Data), meaning(e))
	}
}

// meaning returns what an event means. Each direction has its own, with its own end: that of
// reading comes while there are data left, and after that of writing a write finds the error.
func meaning(e *Event) readiness.Events {
	switch {
	case e.Filter == Write:
		return readiness.Out
	case e.Flags&EOF != 0:
		return readiness.In | readiness.Ended
	}
	return readiness.In
}

// register registers a descriptor. What a filter was added with cannot be changed
// everywhere, so one that is to be added otherwise, or to report again, is deleted before.
func (b *Backend) register(fd int, n readiness.Name, i readiness.Interest) error {
	data, ok := pack(n)
	if !ok {
		return os.NewSyscallError("kevent", syscall.ENOMEM)
	}
	read := Event{Ident: fd, Filter: Read, Flags: Add | Clear, Data: data}
	write := Event{Ident: fd, Filter: Write, Flags: Add | Clear, Data: data}
	changes, many := [2]Event{read, write}, 2
	switch i {
	case readiness.InEdges:
		many = 1
	case readiness.Connections:
		changes[0].Flags, many = Add, 1
	case readiness.ToEdges, readiness.Nothing:
		// It is an error if there is none.
		b.queue.Change([2]Event{{Ident: fd, Filter: Read, Flags: Delete}}, 1)
		b.queue.Change([2]Event{{Ident: fd, Filter: Write, Flags: Delete}}, 1)
		if i == readiness.Nothing {
			return nil
		}
	}
	return os.NewSyscallError("kevent", b.queue.Change(changes, many))
}
