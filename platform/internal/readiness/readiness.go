//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

// Package readiness has what backends for a readiness interface of the kernel, such
// as epoll, have in common: the table of sockets, what is known of each, and the
// attempts to do an operation. It is told which descriptors have become ready.
package readiness

import (
	"net"
	"os"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// An Engine is a backend without its Poll. A socket is registered with the kernel
// once, edge-triggered; for listeners see accept.go. A connection that was accepted
// has room to write, which is news to nobody, so it is registered for the other
// direction too only when a write has found none.
type Engine struct {
	host     backend.Host
	single   bool
	register Register
	rules    Rules
	table    backend.Table[socket]
	polls    uint8 // counts them; the leader's own

	// files serves files, which are always ready to a readiness interface.
	files Files
	filed atomic.Bool // there has been a file

	pipes descriptor.Pipes
}

// Files is a backend for files.
type Files interface {
	backend.FileBackend
	backend.Controller

	// FileDescriptor returns the descriptor of a file that is open.
	FileDescriptor(s *backend.Socket) uintptr
}

// Init makes e ready. The files of the backend are served by files.
func (e *Engine) Init(host backend.Host, files Files, register Register, rules Rules) {
	e.host, e.single, e.files, e.register, e.rules = host, host.SingleRunner(), files, register, rules
}

// A socket is what is known of a socket.
type socket struct {
	backend.Socket
	rare *extra // see socket.extra

	fd int32 // or -1
	traits
}

// An extra is what few sockets need, by side.
type extra struct {
	vectors [2]descriptor.Vectors
	batches [2]descriptor.Batch

	options backend.SocketOptions // of what a listener accepts, if it configures
}

// extra returns the extra of the socket, which is made when first needed.
func (s *socket) extra() *extra {
	if s.rare == nil {
		s.rare = new(extra)
	}
	return s.rare
}

// traits are what is known of a descriptor.
type traits struct {
	// Whether an attempt to read or write may succeed. Edges set them; an
	// attempt that finds nothing, or that shows it took everything, resets
	// them.
	readable, writable bool

	edge bool // an edge is being served, and nothing was read since

	// sticky: a short read does not show that everything was taken, because
	// the peer has ended the stream, there is an error or urgent data, or the
	// socket is not TCP.
	sticky bool

	interest Interest // what it is registered for
	listener

	connecting bool // connect(2) has not reported yet
	spliceable descriptor.Spliceable
	rarities   rarities
}

// rarities are what few sockets are.
type rarities uint8

const (
	unlinks    rarities = 1 << iota // a listener whose path is removed when it is closed
	configures                      // a listener of TCP: what it accepts does not inherit its options
	inet6                           // a packet socket of the IPv6 family
	shared                          // others may have the socket: that it is closed does not end its registration
)

func (t *traits) is(r rarities) bool { return t.rarities&r != 0 }

func (t *traits) set(r rarities, yes bool) {
	if t.rarities &^= r; yes {
		t.rarities |= r
	}
}

// NewSocket implements backend.Backend.
func (e *Engine) NewSocket() *backend.Socket {
	index, s := e.table.New()
	if s.Sys == nil {
		s.Index, s.fd, s.Sys = index, -1, s
	}
	return &s.Socket
}

// FreeSocket implements backend.Backend.
func (e *Engine) FreeSocket(s *backend.Socket) { e.table.Free(s.Index) }

// attach makes fd, which does not block, the descriptor of a socket that has none.
// The caller holds its lock. If that fails, fd is closed.
func (e *Engine) attach(s *socket, fd int, is traits) error {
	is.sticky = is.sticky || e.rules.NoUrgent
	s.fd, s.traits = int32(fd), is
	err := e.register(fd, s.name(), is.interest)
	if err != nil {
		s.detach()
	}
	return err
}

// detach closes the descriptor of a socket, and forgets what is known of it, because another
// socket may get the record next. The caller holds its lock.
func (s *socket) detach() error {
	fd, is := s.fd, descriptor.Traits{Unlink: s.is(unlinks)}
	s.fd, s.rare, s.traits = -1, nil, traits{}
	return descriptor.Close(fd, is)
}

func (s *socket) name() Name { return Name{s.Index, uint32(s.Number.Load())} }

// widen registers a socket for all edges.
func (e *Engine) widen(s *socket) error {
	if s.interest == Edges {
		return nil
	}
	return e.registerAgain(s)
}

// registerAgain registers a socket for all edges, which has the kernel tell of it once more.
func (e *Engine) registerAgain(s *socket) error {
	err := e.register(int(s.fd), s.name(), ToEdges)
	if err == nil {
		s.interest = Edges
	}
	return err
}

// awaitRoom notes that a write has found no room. If the kernel cannot be asked to tell when there
// is, the next write has to try again.
func (e *Engine) awaitRoom(s *socket) error {
	reach.Sometimes(true, reach.WriteFull)
	err := e.widen(s)
	s.writable = err != nil
	return err
}

// CloseSocket implements backend.Backend. To close the last descriptor of a socket also ends
// its registration.
func (e *Engine) CloseSocket(s *backend.Socket) error {
	x, ok := s.Sys.(*socket)
	if !ok {
		return e.files.CloseSocket(s)
	}
	if x.fd < 0 {
		return nil // never got as far
	}
	if x.is(shared) {
		e.register(int(x.fd), x.name(), Nothing)
	}
	return x.detach()
}

// CloseWrite implements backend.Backend.
func (e *Engine) CloseWrite(s *backend.Socket) error {
	return descriptor.CloseWrite(s.Sys.(*socket).fd)
}

// Addr implements backend.Backend.
func (e *Engine) Addr(s *backend.Socket, peer bool) net.Addr {
	return descriptor.Addr(s.Sys.(*socket).fd, peer)
}

// Listen implements backend.Backend.
func (e *Engine) Listen(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	fd, is, err := descriptor.OpenListener(network, address, o)
	if err != nil {
		return err
	}
	t := traits{interest: Connections, sticky: is.Unix}
	t.set(unlinks, is.Unlink)
	x := s.Sys.(*socket)
	if e.rules.NoOptions && !is.Unix {
		t.set(configures, true)
		x.extra().options = o.SocketOptions
	}
	return e.attach(x, fd, t)
}

// ListenPacket implements backend.Backend. A read takes one packet, so a short one
// says nothing of the next.
func (e *Engine) ListenPacket(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	fd, is, err := descriptor.OpenPacket(network, address, o)
	if err != nil {
		return err
	}
	return e.attach(s.Sys.(*socket), fd, ofPackets(is))
}

func ofPackets(is descriptor.Traits) traits {
	t := traits{readable: true, writable: true, sticky: true}
	t.set(inet6, is.Inet6)
	return t
}

// TakeFile implements backend.FileBackend.
func (e *Engine) TakeFile(s *backend.Socket, f *os.File) error {
	e.filed.Store(true)
	return e.files.TakeFile(s, f)
}

// Polled ends a poll: it has the files report what they have done.
func (e *Engine) Polled() {
	e.polls++
	if e.filed.Load() {
		e.files.Poll(0)
	}
}

// Shutdown implements backend.Backend.
func (e *Engine) Shutdown() {
	e.pipes.Shutdown()
	e.files.Shutdown()
}

// Cancel implements backend.Backend. Nothing is in the kernel's hands between calls,
// except for files.
func (e *Engine) Cancel(s *backend.Socket, op *ops.Operation) bool {
	_, ok := s.Sys.(*socket)
	return ok || e.files.Cancel(s, op)
}

// Event does what a socket's operations wait for. It is called from inside Poll.
func (e *Engine) Event(n Name, what Events) {
	s := e.table.At(n.Index)
	s.Lock()
	defer s.Unlock()
	if s.fd < 0 || (s.name().Generation^n.Generation)&^e.rules.Forgets != 0 {
		reach.Sometimes(true, reach.EventOfClosed)
		return // closed since the kernel has told of it
	}
	if s.interest == Connections {
		e.connectionsWait(s)
		return
	}
	if what&(Ended|Broken|Urgent) != 0 {
		s.sticky = true
	}
	if what&(In|Ended|Broken) != 0 {
		// With several runners, another may have read since the event was
		// collected.
		s.readable = true
		reach.Sometimes(s.Queues[backend.Reading].Empty(), reach.EventForNobody)
		if !s.Queues[backend.Reading].Empty() {
			s.edge = e.single
			e.host.Retry(&s.Socket, backend.Reading)
			s.edge = false
		}
	}
	if what&(Out|Broken) != 0 {
		s.writable = true
		if !s.Queues[backend.Writing].Empty() {
			e.host.Retry(&s.Socket, backend.Writing)
		}
	}
}
