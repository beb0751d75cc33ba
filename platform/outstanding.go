package platform

import (
	"net"
	"os"
	"syscall"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// What is outstanding on a socket is in this file: how operations are queued, given to
// the backend, cancelled and ended.

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
		reject(op, state, &out)
	}
}

// startOpen starts an operation if the socket with the number is open, and returns the
// state of that.
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

// reject moves to out an operation on a socket that is not open.
func reject(op *ops.Operation, state record.State, out *record.Queue) {
	op.Err = net.ErrClosed
	if state == record.Opening {
		op.Err = syscall.ENOTCONN
	}
	switch op.Kind {
	case ops.KindAccept:
		(*socket)(backend.Accepted(op)).settle(op.Err)
	case ops.KindSendFile:
		(*socket)(backend.Source(op)).letGo()
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
	if op.Limited() && op.Err == nil {
		// The parts of a composed operation have the time that the first
		// was given.
		if d, ok := op.Timeout(); ok {
			op.SetWhen(p.after(d))
		} else if op.When <= p.backend.Now() {
			op.Err = os.ErrDeadlineExceeded
		}
	}
	if op.Err == nil && !op.Arm(s) {
		op.Err = ops.ErrCanceled
	}
	if op.Err != nil {
		s.conclude(op, out)
		return
	}
	d := backend.SideOf(op.Kind)
	q := &s.Queues[d]
	q.Push(op)
	if q.First() == op {
		s.advance(d, out)
	}
	if op.Limited() && q.Last() == op {
		p.limit(op)
	}
}

// limit makes op end when its time is over. The caller holds the lock of its socket.
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
	for op := q.First(); op != nil; op = q.First() {
		if p := s.proactorOf(); !transfersNothing(op) && !p.backend.Start((*backend.Socket)(s), op) {
			p.flushing.started()
			return
		}
		q.Pop()
		s.conclude(op, out)
	}
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

// conclude moves an operation that has ended, and is in no queue, to out. The
// caller holds the lock.
func (s *socket) conclude(op *ops.Operation, out *record.Queue) {
	op.Disarm()
	if op.Limited() {
		s.proactorOf().unlimit(op)
	}
	switch op.Kind {
	case ops.KindAccept:
		op.Err = (*socket)(backend.Accepted(op)).settle(op.Err)
	case ops.KindSendFile:
		(*socket)(backend.Source(op)).letGo()
	case ops.KindConnect:
		switch {
		case s.State != record.Opening: // closed meanwhile
			op.Err = net.ErrClosed
		case op.Err == nil:
			s.State = record.Open
		default:
			s.shut(out)
		}
	}
	out.Push(op)
}

// unlimit makes the proactor forget when op is to end.
func (p *Proactor) unlimit(op *ops.Operation) {
	p.lock()
	switch {
	case op.Index > 0:
		p.timers.remove(op)
	case op.Index < 0:
		p.late[-op.Index-1].op = nil
		op.Index = 0
	}
	p.unlock()
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
	switch {
	case op.Err == nil:
	case s.State == record.Closed:
		op.Err = net.ErrClosed
	case op.When == expired && op.Err == ops.ErrCanceled:
		op.Err = os.ErrDeadlineExceeded
	}
	s.conclude(op, &p.polled)
	s.advance(d, &p.polled)
	s.freeIfQuiet()
}

// quiet reports whether nothing is outstanding on the socket that had a number.
func (s *socket) quiet(number uint64) bool {
	s.lock()
	defer s.unlock()
	return s.Number.Load() != number || s.Queues == [2]record.Queue{}
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
			s.conclude(op, out)
		}
	}()
	if s.proactorOf().backend.Cancel((*backend.Socket)(s), first) {
		q.Pop()
		first.Err = err
		s.conclude(first, out)
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
	if op := slot.Requested(s); op != nil {
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
		s.conclude(op, out)
	case s.State == record.Closed: // closing it has cancelled the operation
	case s.proactorOf().backend.Cancel((*backend.Socket)(s), op):
		q.Pop()
		op.Err = err
		s.conclude(op, out)
		s.advance(d, out)
	case err == os.ErrDeadlineExceeded:
		op.When = expired
	}
}

// expired is the When of an operation that was cancelled because it has taken
// too long.
const expired = -1
