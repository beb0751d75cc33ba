package platform

import (
	"net"
	"os"

	"github.com/heirloom-go/heirloom/ops"
)

// How operations on a socket end that did not end when they were started.

// complete is called by the leader when the kernel is done with the first
// operation of a side that Start has left outstanding.
func (s *Socket) complete(op *ops.Operation) {
	s.lock()
	d := sideOf(op.Kind)
	if s.queues[d].first() != op {
		s.unlock()
		panic("platform: " + s.p.backend.Name() + " completed an operation that it does not have")
	}
	s.queues[d].pop()
	switch {
	case op.Err == nil:
	case s.state == idle:
		op.Err = net.ErrClosed
	case op.When == expired && op.Err == ops.ErrCanceled:
		op.Err = os.ErrDeadlineExceeded
	}
	s.take(op, &s.p.polled)
	s.advance(d, &s.p.polled)
	s.unlock()
}

// quiet reports whether nothing is outstanding.
func (s *Socket) quiet() bool {
	s.lock()
	defer s.unlock()
	return s.queues == [2]queue{}
}

// cancelSide ends what is outstanding on a side with err. What the kernel has
// to let go of first ends later. The caller holds the lock.
func (s *Socket) cancelSide(d side, err error, out *queue) {
	q := &s.queues[d]
	first := q.pop()
	if first == nil {
		return
	}
	var rest queue
	rest.take(q)
	if s.p.backend.Cancel(s, first) {
		first.Err = err
		s.take(first, out)
	} else {
		q.push(first)
	}
	for op := rest.pop(); op != nil; op = rest.pop() {
		op.Err = err
		s.take(op, out)
	}
}

// cancel cancels everything on the socket.
func (s *Socket) cancel() {
	p := s.p
	if p == nil {
		return // it was never opened
	}
	var out queue
	s.lock()
	if s.state != idle { // otherwise closing it has cancelled everything
		s.canceled = s.seq
		s.cancelSide(reading, ops.ErrCanceled, &out)
		s.cancelSide(writing, ops.ErrCanceled, &out)
	}
	s.unlock()
	p.finish(&out)
}

// CancelOperation cancels the operation that a cancel slot knows as id.
func (s *Socket) CancelOperation(id uint64) { s.end(id, ops.ErrCanceled) }

// end ends the operation known as id, if it is outstanding, with err.
func (s *Socket) end(id uint64, err error) {
	var out queue
	s.lock()
	for d := range s.queues {
		if op := s.queues[d].find(id); op != nil {
			s.endOne(side(d), op, err, &out)
		}
	}
	s.unlock()
	s.p.finish(&out)
}

// endOne ends an operation of side d with err: at once, or when the kernel has
// let go of it. The caller holds the lock.
func (s *Socket) endOne(d side, op *ops.Operation, err error, out *queue) {
	q := &s.queues[d]
	switch {
	case op != q.first():
		q.remove(op)
		op.Err = err
		s.take(op, out)
	case s.state == idle: // closing it has cancelled the operation
	case s.p.backend.Cancel(s, op):
		q.pop()
		op.Err = err
		s.take(op, out)
		s.advance(d, out)
	case err == os.ErrDeadlineExceeded:
		op.When = expired
	}
}

// expired is the When of an operation that was cancelled because it has taken
// too long.
const expired = -1
