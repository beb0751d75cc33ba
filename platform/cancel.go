package platform

import (
	"net"
	"os"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// This file ends operations on a socket early.

// cancelStarted asks for the first operation of a side to end early. It reports whether
// it was let go of at once.
func (s *socket) cancelStarted(op *ops.Operation, out *record.Queue) bool {
	if op.Kind == ops.KindDial {
		return dialOf(op).cancel(out)
	}
	return s.proactorOf().backend.Cancel((*backend.Socket)(s), op)
}

// cancelSide ends what is outstanding on a side with err. What the kernel has
// to let go of first ends later. The caller holds the lock.
func (s *socket) cancelSide(d backend.Side, err error, out *record.Queue) {
	q := &s.Queues[d]
	first := q.Pop()
	if first == nil {
		return
	}
	var rest record.Queue
	rest.Splice(q)
	q.Push(first)
	defer func() { // also if the backend panics
		for op := rest.Pop(); op != nil; op = rest.Pop() {
			op.Err = err
			s.ended(op, out)
		}
	}()
	if s.cancelStarted(first, out) {
		q.Pop()
		first.Err = err
		s.ended(first, out)
	} else {
		noteCause(first, err)
	}
}

// cancel cancels everything on the socket.
func (h *handle) cancel() {
	p := h.proactor()
	if p == nil {
		return // it was never opened
	}
	p.mustBeRunner()
	var out record.Queue
	defer p.finish(&out)
	h.cancelAll(&out)
}

// cancelAll moves to out what it cancels at once.
func (h *handle) cancelAll(out *record.Queue) {
	s, ok := h.locked()
	if !ok {
		return
	}
	defer s.unlock()
	if s.State == record.Closed { // closing it has cancelled everything
		return
	}
	s.Epoch++
	s.cancelSide(backend.Reading, ops.ErrCanceled, out)
	s.cancelSide(backend.Writing, ops.ErrCanceled, out)
}

// Executor implements ops.Located.
func (s *socket) Executor() ops.Executor { return s.proactorOf().onlyRunner() }

// onlyRunner returns the executor that reaches the only goroutine that may cancel, or nil
// if any may.
func (p *Proactor) onlyRunner() ops.Executor {
	if p.single {
		return p
	}
	return nil
}

// CancelOperation implements ops.Canceler.
func (s *socket) CancelOperation(slot *ops.CancelSlot) {
	p := s.proactorOf()
	p.mustBeRunner()
	var out record.Queue
	defer p.finish(&out)
	s.cancelRequested(slot, &out)
}

func (s *socket) cancelRequested(slot *ops.CancelSlot, out *record.Queue) {
	s.lock()
	defer s.unlock()
	op := slot.Requested(s)
	reach.Sometimes(op == nil, reach.CancelMissed)
	if op != nil {
		s.endOne(op, ops.ErrCanceled, out)
	}
}

// endOne ends an operation that is outstanding with err: at once, or when the kernel
// has let go of it. The caller holds the lock.
func (s *socket) endOne(op *ops.Operation, err error, out *record.Queue) {
	d := backend.SideOf(op.Kind)
	q := &s.Queues[d]
	switch {
	case op != q.First():
		q.Remove(op)
		op.Err = err
		s.ended(op, out)
	case s.State == record.Closed: // closing it has cancelled the operation
	case s.cancelStarted(op, out):
		q.Pop()
		op.Err = err
		s.ended(op, out)
		s.advance(d, out)
	default:
		noteCause(op, err)
	}
}

// The When of an operation that the kernel was asked to let go of says why: because it
// has taken too long, or was cancelled. The handler is called with whichever came first.
const (
	expired  = -1
	canceled = -2
)

// noteCause notes why the kernel was asked to let go of op.
func noteCause(op *ops.Operation, err error) {
	switch {
	case op.When == expired || op.When == canceled:
	case err == os.ErrDeadlineExceeded:
		op.When = expired
	case err == ops.ErrCanceled:
		op.When = canceled
	}
}

// giveReason puts into an operation that had to end early the reason why.
func (s *socket) giveReason(op *ops.Operation) {
	switch {
	case op.Err == nil:
	case s.State == record.Closed:
		op.Err = net.ErrClosed
	case op.When == expired && op.Err == ops.ErrCanceled:
		op.Err = os.ErrDeadlineExceeded
	}
}
