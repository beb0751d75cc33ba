package platform

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// This file has the life of a socket: how it is opened and closed. outstanding.go has the
// operations on it.
//
//	            claim                 settle, or a connect ends
//	  (free) ──────────▶ opening ───────────────────────────────▶ open
//	    ▲  │                │                                       ▲ │
//	    │  │                │ it fails, or is closed                │ │ shut
//	    │  └────────────────┼───────────────── openSocket ──────────┘ │
//	    │                   ▼                                         │
//	    └─────────────── closed ◀─────────────────────────────────────┘
//	       free: nothing
//	       is outstanding
//
// A record that is free has the number 0. Otherwise its number is that of the socket,
// which no other socket ever has. So a program that uses a socket which is gone does not
// reach the next one with the same record.

// ErrInUse is what the handler of Accept or Connect is called with when the
// Conn to be opened is already open, or about to be.
var ErrInUse = errors.New("platform: the Conn is in use")

// A handle is how a program refers to a socket: part of its Conn, Listener, PacketConn
// or File. It can be cleared and overwritten at any time: only the program's own calls
// look at it.
//
// The two fields are read one after the other. Whoever reads them while they are being
// set gets a record and a number that do not belong together, which counts as a socket
// that is gone.
type handle struct {
	s      atomic.Pointer[socket]
	number atomic.Uint64
}

// claimed is the number in a handle that is being set. It is that of no socket.
const claimed = 1

// set makes h refer to a socket, unless somebody else has done so since its number
// was the old one.
func (h *handle) set(s *socket, old uint64) bool {
	if !h.number.CompareAndSwap(old, claimed) {
		return false
	}
	h.s.Store(s)
	h.number.Store(s.Number.Load())
	return true
}

// pass makes h refer to the socket of another handle, instead of the one with the old
// number, whose lock the caller holds.
func (h *handle) pass(from *handle, old uint64) bool { return h.set(from.s.Load(), old) }

// A socket is a record as the proactor sees it.
type socket backend.Socket

// proactorOf returns the proactor of a socket.
func (s *socket) proactorOf() *Proactor { return (*Proactor)(s.Owner) }

func (s *socket) lock()   { (*backend.Socket)(s).Lock() }
func (s *socket) unlock() { (*backend.Socket)(s).Unlock() }

// proactor returns the proactor of the socket, or nil if it was never opened.
func (h *handle) proactor() *Proactor {
	if s := h.s.Load(); s != nil {
		return s.proactorOf()
	}
	return nil
}

// mustBeRunner calls that of the proactor, if there is one.
func (h *handle) mustBeRunner() {
	if p := h.proactor(); p != nil {
		p.mustBeRunner()
	}
}

// opened returns the record of the socket. It panics if the socket was never opened,
// because then no proactor could call a handler.
func (h *handle) opened() *socket {
	s := h.s.Load()
	if s == nil {
		panic("platform: operation on a socket that was never opened: see Connect, Accept, Listen and OpenFile")
	}
	return s
}

// allocator returns the default allocator of the proactor, or nil if the socket was never
// opened.
func (h *handle) allocator() allocator.Allocator[ops.Operation] {
	s := h.s.Load()
	if s == nil {
		return nil
	}
	return s.proactorOf().alloc
}

// locked returns the record of the socket, locked, if it is there.
func (h *handle) locked() (s *socket, ok bool) {
	if s = h.s.Load(); s == nil {
		return nil, false
	}
	s.lock()
	if s.Number.Load() == h.number.Load() {
		return s, true
	}
	reach.Sometimes(true, reach.SocketIsAnother)
	s.unlock()
	if h.s.Load() != s { // a dial has ended meanwhile
		return h.locked()
	}
	return nil, false
}

// lockedOpen returns the record of the socket, locked, if it is open.
func (h *handle) lockedOpen() (s *socket, ok bool) {
	if s, ok = h.locked(); ok && s.State != record.Open {
		s.unlock()
		return nil, false
	}
	return s, ok
}

// inUse reports whether the number is that of a socket, open, about to be, or with
// something outstanding on it. It may be one of another proactor.
func (h *handle) inUse(number uint64) bool {
	s := h.s.Load()
	return number == claimed || s != nil && number != 0 && s.Number.Load() == number
}

// outstanding reports whether an operation is outstanding on the socket. One whose
// handler is about to be called is not.
func (h *handle) outstanding() bool {
	s, ok := h.locked()
	if !ok {
		return false
	}
	defer s.unlock()
	return s.Queues != [2]record.Queue{}
}

// newSocket returns a record with a number, in a state.
func (p *Proactor) newSocket(state record.State) *socket {
	s := (*socket)(p.backend.NewSocket())
	if s.Owner == nil { // else others may be looking at it
		s.Owner = p.owner()
		if p.single { // else the backend may be looking at it
			s.Single = true
		}
	}
	s.lock()
	s.State, s.Class = state, record.Stream
	s.Epoch++
	s.Number.Store(p.nextNumber())
	s.unlock()
	return s
}

// claim makes h a socket that op will open. It returns nil if h is in use or op has
// failed already; then op has an error. If h was not in use, it belongs to p from then on
// in any case, so that it can be cancelled and closed.
func (p *Proactor) claim(h *handle, op *ops.Operation) *socket {
	old := h.number.Load()
	reach.Sometimes(h.inUse(old), reach.OpenedTwice)
	if h.inUse(old) {
		if op.Err == nil {
			op.Err = ErrInUse
		}
		return nil
	}
	s := p.newSocket(record.Opening)
	if !h.set(s, old) && op.Err == nil {
		op.Err = ErrInUse
	}
	if op.Err != nil {
		s.settle(op.Err)
		return nil
	}
	return s
}

// settle opens a claimed socket, which the backend has filled, or, if err is
// not nil, gives it up. It returns net.ErrClosed if the proactor is closed.
func (s *socket) settle(err error) error {
	s.lock()
	defer s.unlock()
	if err == nil {
		if s.register() {
			s.isOpen()
			return nil
		}
		s.proactorOf().backend.CloseSocket((*backend.Socket)(s))
		err = net.ErrClosed
	}
	s.State = record.Closed
	s.freeIfQuiet()
	return err
}

// openSocket opens a new socket for h with fill, a function of the backend. Errors call
// it what.
func (p *Proactor) openSocket(h *handle, what string, fill func(*backend.Socket) error) error {
	p.mustBeRunner()
	old := h.number.Load()
	if h.inUse(old) {
		return ErrInUse
	}
	if p.closed.Load() { // those who go on opening sockets must not hold up Close
		return fmt.Errorf("platform: %s: %w", what, net.ErrClosed)
	}
	s := p.newSocket(record.Closed)
	s.lock()
	defer s.unlock()
	if !s.register() { // before it is opened: closing the proactor closes it
		s.freeIfQuiet()
		return fmt.Errorf("platform: %s: %w", what, net.ErrClosed)
	}
	returned := false
	defer func() {
		if !returned {
			s.discard()
		}
	}()
	err := fill((*backend.Socket)(s)) // which may call a function of the program
	if returned = true; err != nil {
		s.freeIfQuiet()
		return err
	}
	if !h.set(s, old) { // somebody else was faster
		p.backend.CloseSocket((*backend.Socket)(s))
		s.freeIfQuiet()
		return ErrInUse
	}
	s.isOpen()
	return nil
}

// isOpen says that the socket is open from now on. The caller holds the lock.
func (s *socket) isOpen() {
	s.State = record.Open
	s.proactorOf().open[s.Class].Add(1)
}

// freeIfQuiet frees the record of a socket that is closed, once nothing is outstanding
// on it either: until then Close has to wait for it. The caller holds the lock.
func (s *socket) freeIfQuiet() {
	reach.Sometimes(s.State == record.Closed && s.Queues != [2]record.Queue{}, reach.FreedLater)
	if s.State != record.Closed || s.Queues != [2]record.Queue{} || s.Number.Load() == 0 {
		return
	}
	s.unregister()
	if s.Is(record.Lent) {
		return // Close waits for the connections on which it is sent
	}
	s.Number.Store(0)
	s.proactorOf().backend.FreeSocket((*backend.Socket)(s))
}

// discard gives up the record of a socket on which the backend, or what it has called,
// has panicked or ended the goroutine. Nobody knows how the backend has left it, so it is
// not used again. The caller holds the lock.
func (s *socket) discard() {
	s.unregister()
	s.Number.Store(0)
}

// register makes the socket known to the proactor, which closes it when it is
// closed itself. It returns false if that has happened already.
func (s *socket) register() bool {
	p := s.proactorOf()
	p.lock()
	defer p.unlock()
	reach.Sometimes(p.drained, reach.OpenedInClosing)
	if p.drained {
		return false
	}
	if p.sockets == nil {
		// Large enough to share no line of a cache with what other proactors write.
		p.sockets = make([]*socket, 0, 32)
	}
	p.sockets = append(p.sockets, s)
	s.Place = uint32(len(p.sockets))
	return true
}

func (s *socket) unregister() {
	p := s.proactorOf()
	p.lock()
	defer p.unlock()
	if s.Place == 0 {
		return
	}
	last := len(p.sockets) - 1
	moved := p.sockets[last]
	p.sockets[s.Place-1], moved.Place = moved, s.Place
	p.sockets[last] = nil
	p.sockets = p.sockets[:last]
	p.placeDeadlines(int(s.Place-1), last)
	s.Place = 0
}

// close closes the socket. A socket that an accept will open is not open yet, and
// only the listener knows the accept.
func (h *handle) close() error {
	p := h.proactor()
	if p == nil {
		return net.ErrClosed // it was never opened
	}
	p.mustBeRunner()
	var out record.Queue
	defer p.finish(&out) // also if the backend panics
	return h.shut(&out)
}

// shut is close, but leaves what was outstanding in out.
func (h *handle) shut(out *record.Queue) error {
	s, ok := h.locked()
	if !ok {
		return net.ErrClosed
	}
	defer s.unlock()
	if s.State == record.Opening && s.Queues[backend.Writing].Empty() {
		return net.ErrClosed
	}
	return s.shut(out)
}

// shutNumber closes the socket with the number, if the record is still used for it.
func (s *socket) shutNumber(number uint64, out *record.Queue) {
	s.lock()
	defer s.unlock()
	if s.Number.Load() == number {
		s.shut(out)
	}
}

// shut closes the socket and ends what is outstanding on it. The caller holds
// the lock.
func (s *socket) shut(out *record.Queue) error {
	if s.State == record.Closed {
		return net.ErrClosed
	}
	if s.State == record.Open {
		s.proactorOf().open[s.Class].Add(-1)
	}
	reach.Sometimes(s.Queues != [2]record.Queue{}, reach.ClosedOutstanding)
	s.State = record.Closed
	s.dropDeadlines()
	s.cancelSide(backend.Reading, net.ErrClosed, out)
	s.cancelSide(backend.Writing, net.ErrClosed, out)
	closed := false
	defer func() {
		if closed {
			s.freeIfQuiet()
		} else {
			s.discard()
		}
	}()
	var err error
	if !s.Is(record.Lent) { // else the last of them closes it
		err = s.proactorOf().backend.CloseSocket((*backend.Socket)(s))
	}
	closed = true
	return err
}

// addr returns the address of the socket or of its peer, or nil if it is not open. Also
// with a single runner, any goroutine may call it, as programs do that print where they
// listen.
func (h *handle) addr(peer bool) net.Addr {
	s, ok := h.lockedOpen()
	if !ok {
		return nil
	}
	defer s.unlock()
	return s.proactorOf().backend.Addr((*backend.Socket)(s), peer)
}
