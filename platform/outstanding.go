package platform

import (
	"net"
	"os"
	"syscall"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// This file queues the operations on a socket, gives them to the backend and ends them.
// cancel.go cancels them.

// begin allocates an operation on the socket.
func (h *handle) begin(k ops.Kind, handler ops.Handler) *ops.Operation {
	p := h.opened().proactorOf()
	p.mustBeRunner()
	op := ops.Begin(handler, p.alloc)
	op.Kind = k
	return op
}

// start starts an operation on an open socket.
func (h *handle) start(op *ops.Operation) {
	s, number := h.opened(), h.number.Load()
	p := s.proactorOf()
	if op.Err != nil {
		p.Execute(op)
		return
	}
	p.begun()
	var out record.Queue
	defer p.finish(&out) // also if the backend panics
	if state := s.startOpen(number, op, &out); state != record.Open {
		p.reject(op, state, &out)
	}
}

// startOpen starts an operation if the socket with the number is open, and returns the
// state of the socket.
func (s *socket) startOpen(number uint64, op *ops.Operation, out *record.Queue) record.State {
	s.lock()
	defer s.unlock()
	if s.Number.Load() != number {
		return record.Closed
	}
	if s.State == record.Open {
		s.enqueue(op, out)
		return record.Open
	}
	return s.State
}

// reject moves an operation on a socket that is not open to out.
func (p *Proactor) reject(op *ops.Operation, state record.State, out *record.Queue) {
	op.Err = net.ErrClosed
	if state == record.Opening {
		op.Err = syscall.ENOTCONN
	}
	switch op.Kind {
	case ops.KindAccept:
		(*socket)(backend.Accepted(op)).settle(op.Err)
	case ops.KindSendFile:
		(*socket)(backend.SourceFile(op)).letGo()
	case ops.KindSplice:
		p.endSplice(op)
	}
	out.Push(op)
}

// startConnect starts a connect on a claimed socket.
func (s *socket) startConnect(op *ops.Operation) {
	p := s.proactorOf()
	p.begun()
	var out record.Queue
	defer p.finish(&out)
	s.registerAndStart(op, &out)
}

func (s *socket) registerAndStart(op *ops.Operation, out *record.Queue) {
	s.lock()
	defer s.unlock()
	if s.register() {
		s.enqueue(op, out)
		return
	}
	s.State = record.Closed
	s.freeIfQuiet()
	op.Err = net.ErrClosed
	out.Push(op)
}

// enqueue adds op to its side and gives it to the backend if it is the first.
// The caller holds the lock.
func (s *socket) enqueue(op *ops.Operation, out *record.Queue) {
	p := s.proactorOf()
	if op.Target == nil {
		op.Target, op.Epoch = unsafe.Pointer(s), s.Epoch
	} else if op.Target != unsafe.Pointer(s) || op.Epoch != s.Epoch {
		// The next part of a composed operation, cancelled since the last, or
		// whose socket was closed.
		op.Err = ops.ErrCanceled
	}
	d := backend.SideOf(op.Kind)
	if op.Err == nil {
		op.Err = s.overdue(op, d)
		reach.Sometimes(op.Err != nil, reach.DeadlinePassedBefore)
	}
	if op.Err == nil && !op.Arm(s) {
		op.Err = ops.ErrCanceled
	}
	if op.Err != nil {
		s.conclude(op, out)
		return
	}
	q := &s.Queues[d]
	q.Push(op)
	reach.Sometimes(q.First() != op, reach.QueuedBehind)
	if q.First() == op && s.startFirst(op) {
		q.Pop()
		s.conclude(op, out)
		return
	}
	p.countOutstanding(op, 1)
	if op.Limited() {
		p.limit(op)
	}
}

// overdue returns the error of an operation that is started on a side after its time limit,
// or after the part before it was asked to end. The caller holds the lock.
func (s *socket) overdue(op *ops.Operation, d backend.Side) error {
	p := s.proactorOf()
	switch limit, ok := op.Timeout(); {
	case ok:
		op.SetWhen(p.after(limit))
	case op.When == canceled:
		return ops.ErrCanceled
	case op.When == expired, op.Limited() && op.When <= p.backend.Now():
		// The parts of a composed operation have the time that the first was given.
		return os.ErrDeadlineExceeded
	}
	if s.Is(1 << d) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// limit makes op end at its time limit. The caller holds the lock of its socket.
func (p *Proactor) limit(op *ops.Operation) {
	p.lock()
	p.timers.push(op)
	earliest := p.timers[0].op == op
	p.unlock()
	if earliest {
		p.wakePoller() // it waits for too long
	}
}

// advance gives the first operation of a side to the backend, and the next as
// long as they end at once. The caller holds the lock.
func (s *socket) advance(d backend.Side, out *record.Queue) {
	q := &s.Queues[d]
	reach.Sometimes(!q.Empty(), reach.StartedByAnother)
	for op := q.First(); op != nil && s.startFirst(op); op = q.First() {
		q.Pop()
		s.ended(op, out)
	}
}

// startFirst gives the first operation of a side to the backend, and reports whether it
// has ended. The caller holds the lock.
func (s *socket) startFirst(op *ops.Operation) (ended bool) {
	if op.Kind == ops.KindDial {
		return false // it is for nobody else
	}
	if p := s.proactorOf(); !transfersNothing(op) && !p.backend.Start((*backend.Socket)(s), op) {
		p.flushing.started()
		return false
	}
	reach.Sometimes(transfersNothing(op), reach.TransferOfNothing)
	reach.Sometimes(!transfersNothing(op), reach.EndedInStart)
	return true
}

// transfersNothing reports whether op has no room for a byte. An empty packet is
// something.
func transfersNothing(op *ops.Operation) bool {
	switch op.Kind {
	case ops.KindRead, ops.KindWrite, ops.KindReadAt, ops.KindWriteAt:
		return len(op.Buf) == 0
	case ops.KindReadVectored, ops.KindWriteVectored:
		return len(backend.Buffers(op)) == 0
	case ops.KindReadBatch, ops.KindWriteBatch:
		return len(backend.Packets(op)) == 0
	case ops.KindSendFile:
		_, left := backend.Rest(op)
		return left == 0
	}
	return false
}

// ended concludes an operation that was outstanding. The caller holds the lock.
func (s *socket) ended(op *ops.Operation, out *record.Queue) {
	p := s.proactorOf()
	p.countOutstanding(op, -1)
	if out == &p.polled {
		p.counted.completions++
	}
	s.conclude(op, out)
}

// conclude moves an operation that has ended, and is in no queue, to out. The
// caller holds the lock.
func (s *socket) conclude(op *ops.Operation, out *record.Queue) {
	p := s.proactorOf()
	op.Disarm()
	if op.Limited() {
		p.unlimit(op)
	}
	switch op.Kind {
	case ops.KindAccept:
		if op.Err = (*socket)(backend.Accepted(op)).settle(op.Err); op.Err != nil {
			op.Err = s.acceptError(op.Err)
		}
	case ops.KindDial:
		dialOf(op).settle(out)
	case ops.KindSendFile:
		(*socket)(backend.SourceFile(op)).letGo()
	case ops.KindSplice:
		p.endSplice(op)
	case ops.KindConnect:
		switch {
		case s.State != record.Opening: // closed meanwhile
			reach.Sometimes(true, reach.ConnectClosed)
			op.Err = net.ErrClosed
		case op.Err == nil:
			s.isOpen()
		default:
			op.Err = connectError(op)
			s.shut(out)
		}
	}
	out.Push(op)
}

// unlimit makes the proactor forget the time limit of op.
func (p *Proactor) unlimit(op *ops.Operation) {
	p.lock()
	p.forget(op)
	p.unlock()
}

// forget is unlimit for a caller that holds the lock.
func (p *Proactor) forget(op *ops.Operation) {
	switch {
	case op.Index > 0:
		p.timers.remove(op)
	case op.Index < 0:
		p.late[-op.Index-1].op = nil
		op.Index = 0
	}
}

// complete is called by the leader when the kernel is done with the first
// operation of a side that Start has left outstanding.
func (s *socket) complete(op *ops.Operation) {
	p := s.proactorOf()
	s.lock()
	defer s.unlock()
	d := backend.SideOf(op.Kind)
	if s.Queues[d].First() != op {
		panic("platform: " + p.backend.Name() + " completed an operation that it does not have")
	}
	s.Queues[d].Pop()
	s.giveReason(op)
	s.ended(op, &p.polled)
	s.advance(d, &p.polled)
	s.freeIfQuiet()
}

// quiet reports whether nothing is outstanding on the socket that had a number.
func (s *socket) quiet(number uint64) bool {
	s.lock()
	defer s.unlock()
	return s.Number.Load() != number || s.Queues == [2]record.Queue{}
}
