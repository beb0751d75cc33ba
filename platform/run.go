package platform

import (
	"context"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
)

// Run calls handlers. It returns nil when nothing is outstanding and there is no [Hold], or
// after [Proactor.Stop]; the error of the context when that is done; and net.ErrClosed when
// p is closed.
//
// Several goroutines may be in Run at once, unless the proactor was made with
// [SingleRunner]; then the second Run returns [ErrRunning]. One of them waits for the
// kernel while the others call handlers. If a handler panics, the Run that called it panics
// too. The operation's memory has been released by then, and Run can be called again.
//
// In a bubble of package testing/synctest Run returns [ErrBubble] unless the proactor was
// made there.
func (p *Proactor) Run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.checkBubble(); err != nil {
		return err
	}
	r := runner{p: p}
	if err := r.enter(); err != nil {
		return err
	}
	defer r.exit()
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, func() {
			r.done.Store(true)
			p.wakeAll()
		})()
	}
	for {
		p.lock()
		op := r.next()
		p.unlock()
		if op == nil {
			if op = r.await(); op == nil {
				return r.reason(ctx)
			}
		}
		r.busy = true
		op.Complete()
		r.busy = false
		p.ended()
		if r.flushes {
			r.flushes = false
			p.flushing.flush()
		}
	}
}

// A runner is a goroutine in Run.
type runner struct {
	p    *Proactor
	busy bool // a handler is being called

	flushes bool // it flushes after the next handler

	last, abandons bool        // once it has signed off: it was the last, and must abandon what is left
	done           atomic.Bool // its context is done
}

func (r *runner) enter() error {
	p, c := r.p, &r.p.control
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case p.single && c.runners > 0:
		return ErrRunning
	case p.closed.Load() && !c.abandons:
		return net.ErrClosed // the present runners leave
	case c.abandons:
		// Only handlers that were refused are left to be called.
		for !c.over {
			c.end.Wait()
		}
		if p.single && c.runners > 0 {
			return ErrRunning
		}
	}
	c.runners++
	if p.single {
		p.flushing.outside = false
	}
	return nil
}

// unhalt makes the next Run of a proactor that nobody runs go on.
func (p *Proactor) unhalt() {
	p.control.mu.Lock()
	defer p.control.mu.Unlock()
	if p.control.runners == 0 && !p.closed.Load() {
		p.halt.Store(false)
	}
}

// hasRunner reports whether somebody is in Run.
func (p *Proactor) hasRunner() bool {
	p.control.mu.Lock()
	defer p.control.mu.Unlock()
	return p.control.runners > 0
}

// exit also runs when a handler has panicked.
func (r *runner) exit() {
	p := r.p
	reach.Sometimes(r.busy, reach.HandlerPanicked)
	if r.busy {
		p.ended()
	}
	defer func() { // also if the backend panics
		switch {
		case r.abandons:
			p.abandon()
		case !r.last:
			// Another runner must take the lead, or do what this one was woken
			// for.
			p.mu.Lock()
			p.more.Signal()
			p.mu.Unlock()
			p.wakePoller()
		}
	}()
	r.signOff()
}

// signOff ends the runner.
func (r *runner) signOff() {
	p, c := r.p, &r.p.control
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runners--
	r.last = c.runners == 0
	if r.last {
		p.halt.Store(false)
	}
	if r.last && p.single {
		p.publish()
		p.flushing.outside = true
	}
	r.abandons = p.mayAbandon()
	if flush := p.flushing.flush; r.last && flush != nil && !c.abandons {
		flush() // what the last handlers have started
	}
}

// reason returns why next has nothing more.
func (r *runner) reason(ctx context.Context) error {
	switch {
	case r.p.closed.Load():
		return net.ErrClosed
	case r.done.Load():
		return ctx.Err()
	}
	return nil
}

// halted reports whether the runner must return although there is work.
func (r *runner) halted() bool { return r.done.Load() || r.p.halt.Load() }

// next returns an operation that is ready, or nil if there is none, if the runner
// must return, or if the kernel must be polled first. The caller holds the lock.
func (r *runner) next() *ops.Operation {
	p := r.p
	reach.Sometimes(r.halted() && !p.ready.Empty(), reach.HaltedWithWork)
	if r.halted() {
		return nil
	}
	if p.inbox.full() {
		p.held += p.inbox.moveTo(&p.ready)
	}
	reach.Sometimes(!p.ready.Empty() && p.sincePoll >= p.burst && !p.polling && !p.drained, reach.BurstOver)
	if p.ready.Empty() || p.sincePoll >= p.burst && !p.polling && !p.drained {
		return nil
	}
	p.sincePoll++
	r.flushes = !p.drained && p.flushing.due(p.sincePoll)
	op := p.ready.Pop()
	switch {
	case p.idle > 0 && (!p.ready.Empty() || !p.polling):
		reach.Sometimes(true, reach.RunnerSignaled)
		p.more.Signal()
	case p.idle == 0 && !p.ready.Empty() && p.polling:
		reach.Sometimes(true, reach.PollerWoken)
		p.wakePoller() // for what was left to a runner that was busy by then
	}
	return op
}

// await waits until next returns an operation, as the leader or, if there is a leader,
// idly. It returns nil if the runner must return.
func (r *runner) await() *ops.Operation {
	p := r.p
	p.lock()
	defer p.unlock()
	for {
		if op := r.next(); op != nil || r.halted() {
			return op
		}
		if p.ready.Empty() && (p.drained || p.outOfWork()) {
			p.more.Broadcast()
			return nil
		}
		if p.polling {
			p.waitIdly()
			continue
		}
		r.lead()
	}
}

// waitIdly waits until there may be something for a runner that is not the leader. It may
// panic if a simulation decides who goes on. The caller holds the lock, which is released
// meanwhile.
func (p *Proactor) waitIdly() {
	p.idle++
	defer func() { p.idle-- }()
	reach.Sometimes(true, reach.RunnerIdle)
	p.more.Wait()
}

func (p *Proactor) outOfWork() bool {
	return p.held == 0 && p.work.Load() == 0 && p.holds.Load() == 0 && !p.inbox.full()
}

// lead polls the kernel, and waits for it if there is nothing else to do. The
// caller holds the lock, which is released meanwhile.
func (r *runner) lead() {
	p := r.p
	p.polling = true
	p.measureHandlers()
	r.look()
	wait := time.Duration(0)
	if p.polled.Empty() {
		wait = p.wait()
		if wait != 0 {
			// From here on whoever adds something wakes the poll. What was
			// added before is seen now.
			p.parked.Store(true)
			p.isToPark()
			if r.halted() || p.inbox.full() || p.outOfWork() {
				wait = 0
			}
		}
		p.asLeader((*Proactor).poll, wait)
	}
	p.expire()
	if len(p.late) > 0 {
		p.asLeader((*Proactor).endLate, 0)
	}
	p.ready.Splice(&p.polled)
	if !p.ready.Empty() && p.flushing.eager.Load() {
		p.asLeader((*Proactor).flush, 0) // what the backend has started again by itself
	}
	if p.looks && p.yielding.due(p.backend.Now()) {
		if p.idle > 0 && !p.ready.Empty() {
			p.more.Signal()
		}
		p.asLeader((*Proactor).yield, 0)
	}
	p.pollEnd = p.backend.Now()
	p.startCounting()
	p.hasPolled()
	p.polling = false
}

// wait returns how long the leader may wait, without end if it is negative.
func (p *Proactor) wait() time.Duration {
	if !p.ready.Empty() || !p.polled.Empty() {
		return 0
	}
	if when, ok := p.timers.next(); ok && when != math.MaxInt64 {
		return max(0, time.Duration(when-p.backend.Now()))
	}
	return -1
}

// startCounting forgets the handlers that were counted.
func (p *Proactor) startCounting() {
	p.flushing.forget(p.sincePoll)
	p.figures[handlers] += int64(p.sincePoll)
	p.sincePoll = 0
}

// measureHandlers learns how long the handlers take that were called since the last
// poll has ended.
func (p *Proactor) measureHandlers() {
	n := p.sincePoll
	p.startCounting()
	full := n >= p.burst // others may have been kept waiting
	if n == 0 || !full && p.flushing.flush == nil {
		return
	}
	took := max(1, p.backend.Now()-p.pollEnd)
	if full {
		p.burst = nextBurst(n, took)
	}
	if p.flushing.flush != nil {
		p.flushing.measured(n, took)
	}
}

// nextBurst returns how many handlers may be called after n handlers took a time.
func nextBurst(n int, took int64) int {
	inTime := min(int64(n)*burstTime/took, maxBurst)
	return min(max(minBurst, int(inTime)), 2*n)
}

// look polls for completions before the leader parks: once, and then for a while if that
// is worth it.
func (r *runner) look() {
	p := r.p
	if !p.looks || !r.mustWait() {
		return
	}
	p.asLeader((*Proactor).poll, 0)
	if !r.mustWait() {
		return
	}
	alone := p.yielding.alone()
	if span := p.looking.wanted(); span > 0 {
		r.lookFor(span, alone)
		p.figures[looks]++
		if p.looking.judge(!r.mustWait()); !r.mustWait() {
			p.figures[looksPaid]++
			reach.Sometimes(true, reach.LookPaid)
			return
		}
	}
	switch {
	case alone:
		p.asLeader((*Proactor).yield, 0)
	case p.yielding.trial.wanted():
		p.asLeader((*Proactor).yield, 0)
		p.asLeader((*Proactor).poll, 0)
		p.yielding.trial.judge(!r.mustWait())
	}
}

// lookFor polls again and again for a time, or until there is something to do. It gives up
// if the clock stands still, as that of a bubble does while a goroutine is awake.
func (r *runner) lookFor(span int64, alone bool) {
	p := r.p
	last, still := p.backend.Now(), 0
	end := last + span
	for now := last; r.mustWait() && now < end && still < maxStill; now = p.backend.Now() {
		if still++; now != last {
			last, still = now, 0
		}
		if alone || p.yielding.due(now) {
			p.asLeader((*Proactor).yield, 0)
		}
		p.asLeader((*Proactor).poll, 0)
	}
}

// mustWait reports whether the leader has nothing to do but to wait.
func (r *runner) mustWait() bool {
	p := r.p
	return p.wait() != 0 && !r.halted() && !p.inbox.full() && !p.outOfWork()
}

// asLeader calls f without the lock, and leaves the lead if the backend panics.
func (p *Proactor) asLeader(f func(*Proactor, time.Duration), wait time.Duration) {
	p.unlock()
	returned := false
	defer func() {
		p.parked.Store(false)
		p.lock()
		p.polling = returned
	}()
	f(p, wait)
	returned = true
}

func (p *Proactor) poll(wait time.Duration) {
	p.counted.polls++
	p.backend.Poll(wait)
}

func (p *Proactor) flush(time.Duration) { p.flushing.flush() }

func (p *Proactor) yield(time.Duration) {
	p.yielding.gosched()
	p.yielding.last = p.backend.Now()
}
