package platform

import (
	"os"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// A Timer lets handlers wait for a time.
//
// A Timer can be a field of a session struct: bind the zero value to a proactor with
// [Timer.Init]. [Proactor.NewTimer] makes one that is bound. Any number of waits may be
// outstanding, each with its own time. A Timer must not be copied while a wait is
// outstanding. Once all handlers have been called, its memory belongs to the program,
// like that of a [Conn]. Any goroutine that may use the proactor may call its methods.
type Timer struct {
	p     *Proactor
	waits record.Queue
}

// NewTimer returns a timer of p.
func (p *Proactor) NewTimer() *Timer { return &Timer{p: p} }

// Init binds t to p. No wait may be outstanding.
func (t *Timer) Init(p *Proactor) {
	if !t.waits.Empty() {
		panic("platform: Timer.Init: a wait is outstanding")
	}
	t.p = p
}

// Allocator returns the default allocator of the timer's proactor.
func (t *Timer) Allocator() allocator.Allocator[ops.Operation] { return t.proactor().alloc }

// timerOf returns the timer on which a KindWait is outstanding.
func timerOf(op *ops.Operation) *Timer { return (*Timer)(op.Target) }

func (t *Timer) proactor() *Proactor {
	if t.p == nil {
		panic("platform: the Timer has no Proactor: use NewTimer or Init")
	}
	return t.p
}

// Wait calls h after d has passed, with 0 and nil, or with [ops.ErrCanceled]. A
// negative d counts as 0.
func (t *Timer) Wait(d time.Duration, h ops.Handler) {
	p := t.proactor()
	p.mustBeRunner()
	op := ops.Begin(h, p.alloc)
	op.Kind = ops.KindWait
	if op.Err != nil {
		p.Execute(op)
		return
	}
	op.Target = unsafe.Pointer(t)
	if limit, ok := op.Timeout(); ok && limit < d {
		d, op.Err = limit, os.ErrDeadlineExceeded // which comes first
	}
	op.SetWhen(p.after(d))
	p.startWait(t, op)
}

// Cancel cancels all waits of t. Their handlers are called with
// [ops.ErrCanceled].
func (t *Timer) Cancel() {
	p := t.proactor()
	p.mustBeRunner()
	var out record.Queue
	p.lock()
	for op := t.waits.First(); op != nil; op = t.waits.Next(op) {
		p.timers.remove(op)
		p.countOutstanding(op, -1)
		op.Disarm()
		op.Err = ops.ErrCanceled
	}
	out.Splice(&t.waits)
	p.unlock()
	p.finish(&out)
}

// waiting is the proactor as the place where waits are outstanding. (A Timer belongs to
// the program, which may have reused its memory when a late cancel comes.)
type waiting Proactor

// Executor implements ops.Located.
func (w *waiting) Executor() ops.Executor { return (*Proactor)(w).onlyRunner() }

// CancelOperation implements ops.Canceler.
func (w *waiting) CancelOperation(slot *ops.CancelSlot) {
	p := (*Proactor)(w)
	p.mustBeRunner()
	var out record.Queue
	p.lock()
	op := slot.Requested(w)
	reach.Sometimes(op == nil, reach.CancelMissed)
	if op != nil {
		if op.Index > 0 { // a wait for a signal may have no time
			p.timers.remove(op)
		}
		p.endWait(op)
		op.Err = ops.ErrCanceled
		out.Push(op)
	}
	p.unlock()
	p.finish(&out)
}

// endWait takes a wait off its Timer or Signals. The caller holds the lock.
func (p *Proactor) endWait(op *ops.Operation) {
	p.countOutstanding(op, -1)
	if op.Kind == ops.KindWaitSignal {
		signalsOf(op).waits.Remove(op)
	} else {
		timerOf(op).waits.Remove(op)
	}
	op.Disarm()
}

// startWait makes op one of the waits of t.
func (p *Proactor) startWait(t *Timer, op *ops.Operation) {
	p.begun()
	p.lock()
	if p.drained || !op.Arm((*waiting)(p)) {
		p.unlock()
		op.Err = ops.ErrCanceled
		p.finishOne(op)
		return
	}
	p.countOutstanding(op, 1)
	t.waits.Push(op)
	p.timers.push(op)
	earliest := p.timers[0].op == op
	reach.Sometimes(earliest && len(p.timers) > 1, reach.TimerEarliest)
	p.unlock()
	if earliest {
		p.wakePoller() // it waits for too long
	}
}

// after returns the time on the backend's clock when d has passed.
func (p *Proactor) after(d time.Duration) int64 {
	return later(p.backend.Now(), max(0, d))
}

// later returns the time when d has passed since another, or never if that is too far
// in the future.
func later(since int64, d time.Duration) int64 {
	if int64(d) > never-since {
		return never
	}
	return since + int64(d)
}

// expire moves the waits that are due to polled, and remembers in late the
// operations on sockets that have taken too long, and deadlines. The caller holds the
// lock.
func (p *Proactor) expire() {
	if len(p.timers) == 0 {
		return
	}
	now := p.backend.Now()
	for op := p.timers.due(now); op != nil; op = p.timers.due(now) {
		if op.Kind == ops.KindWait || op.Kind == ops.KindWaitSignal {
			p.endWait(op)
			p.polled.Push(op)
		} else {
			p.late = append(p.late, lateOperation{(*socket)(op.Target), op})
			op.Index = -int32(len(p.late))
		}
	}
}

// A lateOperation has taken longer than its handler allows, or represents the deadlines of
// a socket. It may end before its socket can be locked; then op is nil. While it is here,
// the operation's Index is its place, from -1 downwards.
type lateOperation struct {
	s  *socket
	op *ops.Operation
}

// endLateOne ends a late operation on a socket.
func (p *Proactor) endLateOne(s *socket, l *lateOperation) {
	s.lock()
	defer s.unlock()
	p.lock()
	op := l.op
	reach.Sometimes(op == nil, reach.LateGone)
	*l = lateOperation{}
	if op != nil {
		op.Index = 0
	}
	p.unlock()
	switch {
	case op == nil:
	case op.Kind == kindDeadline:
		s.endDeadlines(&p.polled)
	default:
		s.endOne(op, os.ErrDeadlineExceeded, &p.polled)
	}
}

// endLate ends the operations that expire has found. The caller is the leader
// and does not hold the lock.
func (p *Proactor) endLate(time.Duration) {
	for i := range p.late { // nobody else makes it longer or shorter
		if s := p.late[i].s; s != nil { // else a backend has panicked after it
			p.endLateOne(s, &p.late[i])
		}
	}
	p.lock()
	p.late = p.late[:0]
	p.unlock()
}
