package netconn

import (
	"net"
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// A side is one direction of a socket, and the handler of its operations. The goroutine that
// holds its lock starts one operation at a time, and waits for it. A side has the memory for
// one.
type side struct {
	mu    sync.Mutex
	busy  bool        // a call is being served
	next  *sync.Cond  // the side is not busy any more; made when first needed
	ended chan result // of capacity 1: the operation has ended
	begin func()      // starts an operation, for posted
	slot  combinators.SingleSlot[ops.Operation]
}

// A result is that of an operation.
type result struct {
	n   int
	err error
}

// Allocator returns the allocator for the operations of the side.
func (s *side) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

// Complete is called when the operation has ended. An operation that was refused, because
// the proactor is closed, may call it later, or never, so nobody waits for that: the next
// call may get the result, but is refused as well.
func (s *side) Complete(n int, err error) {
	select {
	case s.ended <- result{n, err}:
	default: // it was refused, and so was one before
	}
}

// Abandon is called instead when the proactor was closed.
func (s *side) Abandon() { s.Complete(0, net.ErrClosed) }

// lock waits until no other call is being served. (In a bubble of testing/synctest, time does
// not pass while a goroutine waits for a Mutex.)
func (s *side) lock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.busy {
		if s.next == nil {
			s.next = sync.NewCond(&s.mu)
		}
		s.next.Wait()
	}
	s.busy = true
}

func (s *side) unlock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	if s.next != nil {
		s.next.Signal()
	}
}

// wait starts an operation by begin, whose handler is s, and waits for it. It is called
// between lock and unlock.
func (s *side) wait(l *loop, begin func()) (n int, err error) {
	s.expect()
	if l.single {
		s.begin = begin
		ops.Post(l.p, (*posted)(s))
	} else {
		begin()
	}
	return s.await(l)
}

// expect and await are the two halves of wait, for a caller that starts the operation itself.
func (s *side) expect() {
	if s.ended == nil {
		s.ended = make(chan result, 1)
	}
}

func (s *side) await(l *loop) (n int, err error) {
	select {
	case r := <-s.ended:
		return r.n, r.err
	case <-l.over:
	}
	select {
	case r := <-s.ended:
		return r.n, r.err
	default: // it was refused
		return 0, net.ErrClosed
	}
}

// posted is a side as the handler that starts its operation, where the goroutine that runs
// the proactor has to do that.
type posted side

func (h *posted) Allocator() allocator.Allocator[ops.Operation] { return &h.slot }

func (h *posted) Complete(_ int, err error) {
	if err != nil { // and what was to begin may be that of another call by now
		(*side)(h).Complete(0, err)
		return
	}
	begin := h.begin
	h.begin = nil
	begin()
}

// Abandon is called instead when the proactor was closed.
func (h *posted) Abandon() { (*side)(h).Abandon() }
