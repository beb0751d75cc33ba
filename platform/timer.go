package platform

import (
	"math"
	"os"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// A Timer lets handlers wait for a time.
//
// The zero value is bound to a proactor with [Timer.Init], so that a timer can
// lie inside a session struct; [Proactor.NewTimer] makes one. Any number of
// waits may be outstanding; each has a time of its own. It must not be copied
// while one is. Any goroutine that may use the proactor may call its methods.
type Timer struct {
	p     *Proactor
	seq   uint64
	waits queue
}

// NewTimer returns a timer of p.
func (p *Proactor) NewTimer() *Timer { return &Timer{p: p} }

// Init binds t to p. No wait may be outstanding.
func (t *Timer) Init(p *Proactor) {
	if !t.waits.empty() {
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

// Wait calls h after d has passed, with 0 and nil, or with [ops.ErrCanceled].
// A negative d is as good as 0.
func (t *Timer) Wait(d time.Duration, h ops.Handler) {
	p := t.proactor()
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

// Cancel cancels all waits of t. Their handlers are told [ops.ErrCanceled].
func (t *Timer) Cancel() {
	p := t.proactor()
	var out queue
	p.lock()
	for op := t.waits.first(); op != nil; op = t.waits.next(op) {
		p.timers.remove(op)
		op.Err = ops.ErrCanceled
	}
	out.take(&t.waits)
	p.unlock()
	p.finish(&out)
}

// CancelOperation cancels the wait that a cancel slot knows as id.
func (t *Timer) CancelOperation(id uint64) {
	p := t.proactor()
	var out queue
	p.lock()
	if op := t.waits.find(id); op != nil {
		p.timers.remove(op)
		t.waits.remove(op)
		op.Err = ops.ErrCanceled
		out.push(op)
	}
	p.unlock()
	p.finish(&out)
}

// startWait makes op one of the waits of t.
func (p *Proactor) startWait(t *Timer, op *ops.Operation) {
	p.begun()
	p.lock()
	t.seq++
	op.ID = t.seq
	if p.drained || !op.Arm(t) {
		p.unlock()
		op.Err = ops.ErrCanceled
		p.finishOne(op)
		return
	}
	t.waits.push(op)
	p.timers.push(op)
	earliest := p.timers[0].op == op
	p.unlock()
	if earliest {
		p.wakePoller() // it waits for too long
	}
}

// after returns the time on the backend's clock when d has passed.
func (p *Proactor) after(d time.Duration) int64 {
	now := p.backend.Now()
	if when := now + int64(d); d <= 0 || when > now {
		return max(when, now)
	}
	return math.MaxInt64
}

// expire moves the waits that are due to polled, and remembers in late the
// operations on sockets that have taken too long. The caller holds the lock.
func (p *Proactor) expire() {
	if len(p.timers) == 0 {
		return
	}
	now := p.backend.Now()
	for op := p.timers.due(now); op != nil; op = p.timers.due(now) {
		if op.Kind == ops.KindWait {
			timerOf(op).waits.remove(op)
			p.polled.push(op)
		} else {
			p.late = append(p.late, lateOperation{socketOf(op), op.ID})
		}
	}
}

// A lateOperation has taken longer than its handler allows. It is known by its
// ID, because it may end before its socket can be locked.
type lateOperation struct {
	s  *Socket
	id uint64
}

// endLate ends the operations that expire has found. The caller is the leader
// and does not hold the lock.
func (p *Proactor) endLate(time.Duration) {
	for i, l := range p.late {
		l.s.end(l.id, os.ErrDeadlineExceeded)
		p.late[i] = lateOperation{}
	}
	p.late = p.late[:0]
}
