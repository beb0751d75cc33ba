// Package portable is the backend that works on package net, on every system that is a
// unix, and on Windows.
package portable

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/clock"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// Backend works on package net, wherever Go runs. The calls of net block, so
// each side of a socket has a goroutine that makes them, a worker. It is
// started by the first operation of the side and ends when the socket is
// closed. What a worker has finished waits in a list for the leader.
type Backend struct {
	host    backend.Host
	workers sync.WaitGroup

	timer *time.Timer   // how long the leader waits
	alarm chan struct{} // ends its wait; whoever resets waiting sends to it

	mu       sync.Mutex
	finished *worker // the workers whose operation has ended, first to last
	last     *worker
	waiting  bool // the leader is about to receive from alarm
	woken    bool // Wake was called

	batch *worker // those of finished that the leader has taken and not reported yet

	// over wakes the backend of which this one serves the files, if it does.
	over func()
}

// A socket is the Sys of an open socket.
type socket struct {
	before any // what was Sys before, where this backend serves the files of another one

	conn       net.Conn // of a Conn, once there is one
	listener   deadlineListener
	delay      bool // what the listener accepts holds back small writes
	packet     *net.UDPConn
	file       *os.File
	guard      closeGuard // of file
	descriptor uintptr    // of file
	workers    [2]*worker // by side, once there was an operation
	try        *trier     // once there was an attempt
}

// deadlineListener is what the listeners of package net are.
type deadlineListener interface {
	net.Listener
	SetDeadline(time.Time) error
}

// New returns a backend. If over is not nil, it is one that serves the files of
// another, which it wakes by that.
func New(host backend.Host, over func()) *Backend {
	b := &Backend{host: host, over: over, timer: time.NewTimer(time.Hour), alarm: make(chan struct{}, 1)}
	b.timer.Stop()
	return b
}

// NewSocket implements backend.Backend.
func (b *Backend) NewSocket() *backend.Socket { return new(backend.Socket) }

// FreeSocket implements backend.Backend.
func (b *Backend) FreeSocket(*backend.Socket) {}

// Name implements backend.Backend.
func (b *Backend) Name() string { return "portable" }

// Now implements backend.Backend.
func (b *Backend) Now() int64 { return clock.Now() }

// Shutdown waits for the workers, which have nothing left that could block.
func (b *Backend) Shutdown() { b.workers.Wait() }

// Listen implements backend.Backend.
func (b *Backend) Listen(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	l, err := descriptor.Listen(network, address, &o)
	if err != nil {
		return err
	}
	s.Sys = &socket{listener: l.(deadlineListener), delay: o.Delay}
	return nil
}

// ListenPacket implements backend.Backend.
func (b *Backend) ListenPacket(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	c, err := descriptor.ListenPacket(network, address, &o)
	if err != nil {
		return err
	}
	s.Sys = &socket{packet: c.(*net.UDPConn)}
	return nil
}

// Start implements backend.Backend. No operation ends at once.
func (b *Backend) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindConnect {
		s.Sys = new(socket)
	}
	sys, ok := s.Sys.(*socket)
	if !ok {
		op.Err = net.ErrClosed
		return true
	}
	w := sys.workers[backend.SideOf(op.Kind)]
	if w == nil {
		w = &worker{s: sys, queue: make(chan *ops.Operation, 1)}
		sys.workers[backend.SideOf(op.Kind)] = w
		ctx := context.Background()
		if op.Kind == ops.KindConnect {
			ctx, w.hangUp = context.WithCancel(ctx)
		}
		b.workers.Go(func() { w.run(ctx, b) })
	}
	if w.canceled { // in vain, or for the operation before
		w.canceled = false
		w.setDeadline(op.Kind, time.Time{})
	}
	if op.Kind == ops.KindWaitReadable {
		sys.trier() // which TryRead may use while the worker waits
	}
	w.started = op
	w.queue <- op
	return false
}

// Cancel implements backend.Backend. The worker lets go when its call has returned,
// which a deadline in the past sees to.
func (b *Backend) Cancel(s *backend.Socket, op *ops.Operation) bool {
	w := s.Sys.(*socket).workers[backend.SideOf(op.Kind)]
	if w == nil || w.started != op {
		return true // a layer has kept it
	}
	if w.s.file != nil {
		return w.takeBack()
	}
	if op.Kind == ops.KindConnect {
		w.hangUp()
		return false
	}
	w.canceled = true
	w.setDeadline(op.Kind, past)
	return false
}

// CloseWrite implements backend.Backend.
func (b *Backend) CloseWrite(s *backend.Socket) error {
	c, ok := s.Sys.(*socket).conn.(interface{ CloseWrite() error })
	if !ok {
		return syscall.EOPNOTSUPP
	}
	return reason(c.CloseWrite())
}

// CloseSocket implements backend.Backend.
func (b *Backend) CloseSocket(s *backend.Socket) error {
	sys, ok := s.Sys.(*socket)
	if !ok {
		return nil // never got as far
	}
	s.Sys = sys.before
	var err error
	switch {
	case sys.conn != nil:
		err = sys.conn.Close()
	case sys.listener != nil:
		err = sys.listener.Close()
	case sys.packet != nil:
		err = sys.packet.Close()
	case sys.file != nil:
		err = sys.guard.close(sys.file)
	}
	for _, w := range sys.workers {
		if w == nil {
			continue
		}
		if w.hangUp != nil {
			w.hangUp()
		}
		close(w.queue)
	}
	return reason(err)
}

// Addr implements backend.Backend.
func (b *Backend) Addr(s *backend.Socket, peer bool) net.Addr {
	sys := s.Sys.(*socket)
	switch {
	case sys.listener != nil:
		return sys.listener.Addr()
	case sys.packet != nil:
		if at := addrOf(sys.packet, peer); at.IsValid() {
			return net.UDPAddrFromAddrPort(at)
		}
		if peer {
			return nil
		}
		return sys.packet.LocalAddr()
	case peer:
		return sys.conn.RemoteAddr()
	}
	return sys.conn.LocalAddr()
}

// finish puts a worker on the list.
func (b *Backend) finish(w *worker) {
	b.mu.Lock()
	if b.finished == nil {
		b.finished = w
	} else {
		b.last.next = w
	}
	b.last = w
	b.ring()
	b.mu.Unlock()
	if b.over != nil {
		b.over()
	}
}

// Wake implements backend.Backend.
func (b *Backend) Wake() {
	b.mu.Lock()
	b.woken = true
	b.ring()
	b.mu.Unlock()
}

// ring ends the leader's wait. The caller holds the lock.
func (b *Backend) ring() {
	if b.waiting {
		b.waiting = false
		b.alarm <- struct{}{} // there is room: one is sent for each wait
	}
}

// Poll implements backend.Backend. One goroutine at a time calls it.
func (b *Backend) Poll(wait time.Duration) {
	b.mu.Lock()
	if wait != 0 {
		if b.batch == nil && b.finished == nil && !b.woken {
			b.sleep(wait)
			b.host.Slept()
		}
		b.woken = false
	}
	if b.batch == nil {
		b.batch = b.finished
		b.finished, b.last = nil, nil
	}
	b.mu.Unlock()

	for w := b.batch; w != nil; w = b.batch {
		op, made := w.op, w.made
		b.batch = w.next
		w.op, w.made, w.next = nil, nil, nil // it may have the next operation soon
		if made != nil {
			w.s.install(op, made)
		}
		b.host.Completed(op)
	}
}

// sleep waits until the alarm rings or the time has passed. The caller holds
// the lock, which is not held meanwhile.
func (b *Backend) sleep(wait time.Duration) {
	b.waiting = true
	b.mu.Unlock()
	if wait < 0 {
		<-b.alarm
		b.mu.Lock()
		return
	}
	b.timer.Reset(wait)
	select {
	case <-b.alarm:
		b.timer.Stop()
		b.mu.Lock()
	case <-b.timer.C:
		b.mu.Lock()
		if !b.waiting {
			<-b.alarm // it rang after the time had passed
		}
		b.waiting = false
	}
}

// install gives a new connection to the socket that it is for. One that was
// closed while it connected, if that was too late for the connect, has no use
// for it.
func (sys *socket) install(op *ops.Operation, c net.Conn) {
	if op.Kind == ops.KindAccept {
		s := backend.Accepted(op)
		s.Lock()
		s.Sys = &socket{conn: c}
		s.Unlock()
		return
	}
	s := backend.Target(op)
	s.Lock()
	defer s.Unlock()
	if s.Sys == any(sys) {
		sys.conn = c
	} else {
		c.Close()
	}
}
