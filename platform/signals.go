package platform

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// Signals lets handlers wait for signals of the operating system.
//
// As with signal.Notify, the signals lose their default action, such as ending the
// process, from NewSignals until Close, or until the proactor is closed. A signal that
// arrives while nothing waits is kept for the next wait. As in the kernel, each signal is
// kept once: several of a kind that arrive before that wait count as one. If several
// Signals, on any proactors, wait for a signal, each of them gets it. Within one Signals,
// the signal ends the wait that was started first.
//
// Unless the proactor has a single runner, any goroutine may call its methods.
type Signals struct {
	p     *Proactor
	stop  func()
	waits record.Queue // guarded by the proactor's lock, as closed is
	place int          // among the proactor's
	bell  bell

	closed bool

	mu      sync.Mutex  // the proactor's lock comes before it
	pending []os.Signal // that have arrived and that no wait has got, each once
	rung    bool        // the bell is on its way
	silent  bool        // closed: a signal that still comes is dropped
}

// NewSignals returns a Signals that waits for the given signals. On Windows these can be
// os.Interrupt and syscall.SIGTERM. NewSignals returns an error if no signal is given, or
// one that no process can wait for, such as os.Kill.
func (p *Proactor) NewSignals(signals ...os.Signal) (*Signals, error) {
	p.mustBeRunner()
	if len(signals) == 0 {
		return nil, errors.New("platform: NewSignals: no signals")
	}
	var wanted []os.Signal
	for _, sig := range signals {
		n, ok := sig.(syscall.Signal)
		if !ok || n <= 0 || n > maxSignal || slices.Contains(uncatchable, n) {
			return nil, fmt.Errorf("platform: NewSignals: nobody can wait for the signal %v: %w", sig, syscall.EINVAL)
		}
		if !slices.Contains(wanted, sig) {
			wanted = append(wanted, sig)
		}
	}
	s := &Signals{p: p, pending: make([]os.Signal, 0, len(wanted))}
	s.bell.signals = s
	notify := notifySystem
	if b, ok := p.lowest.(backend.Signaler); ok {
		notify = b.Notify
	}
	if p.isDrained() { // or the process would lose what the signals do otherwise, for nothing
		return nil, fmt.Errorf("platform: NewSignals: %w", net.ErrClosed)
	}
	s.stop = notify(wanted, s.raise)
	p.lock()
	drained := p.drained
	if !drained {
		s.place = len(p.signals)
		p.signals = append(p.signals, s)
	}
	p.unlock()
	if drained {
		s.mu.Lock()
		s.silent = true
		s.mu.Unlock()
		s.stop()
		return nil, fmt.Errorf("platform: NewSignals: %w", net.ErrClosed)
	}
	return s, nil
}

func (p *Proactor) isDrained() bool {
	p.lock()
	defer p.unlock()
	return p.drained
}

// maxSignal is the largest number of a signal that package signal knows.
const maxSignal = 64

// Allocator returns the default allocator of the proactor.
func (s *Signals) Allocator() allocator.Allocator[ops.Operation] { return s.p.alloc }

// Wait calls h with n and nil when the signal syscall.Signal(n) has arrived, or with
// [ops.ErrCanceled], or with net.ErrClosed after Close. Several waits may be outstanding.
func (s *Signals) Wait(h ops.Handler) {
	p := s.p
	p.mustBeRunner()
	op := ops.Begin(h, p.alloc)
	op.Kind = ops.KindWaitSignal
	if op.Err != nil {
		p.Execute(op)
		return
	}
	op.Target = unsafe.Pointer(s)
	if limit, ok := op.Timeout(); ok {
		op.SetWhen(p.after(limit))
		op.Err = os.ErrDeadlineExceeded // unless a signal comes first
	}
	p.startWaitSignal(s, op)
}

func (p *Proactor) startWaitSignal(s *Signals, op *ops.Operation) {
	p.begun()
	var out record.Queue
	p.lock()
	switch {
	case s.closed:
		op.Err = net.ErrClosed
		out.Push(op)
	case !op.Arm((*waiting)(p)):
		op.Err = ops.ErrCanceled
		out.Push(op)
	default:
		p.countOutstanding(op, 1)
		s.waits.Push(op)
		if op.Limited() {
			p.timers.push(op)
		}
		s.deliver(&out)
	}
	earliest := op.Index == 1
	p.unlock()
	p.finish(&out)
	if earliest {
		p.wakePoller() // it waits for too long
	}
}

// signalsOf returns the Signals on which a KindWaitSignal is outstanding.
func signalsOf(op *ops.Operation) *Signals { return (*Signals)(op.Target) }

// endWaitSignal takes a wait off its Signals. The caller holds the lock.
func (p *Proactor) endWaitSignal(op *ops.Operation, err error, out *record.Queue) {
	if op.Index > 0 {
		p.timers.remove(op)
	}
	p.endWait(op)
	op.Err = err
	out.Push(op)
}

// deliver ends waits with the signals that are pending. The caller holds the lock.
func (s *Signals) deliver(out *record.Queue) {
	for op := s.waits.First(); op != nil; op = s.waits.First() {
		sig, ok := s.take()
		if !ok {
			return
		}
		op.N = int(sig.(syscall.Signal))
		s.p.endWaitSignal(op, nil, out)
	}
}

// take returns the signal that has been pending for longest.
func (s *Signals) take() (sig os.Signal, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return nil, false
	}
	sig = s.pending[0]
	s.pending = slices.Delete(s.pending, 0, 1)
	return sig, true
}

// raise is called when a signal arrives, by a goroutine that does not run the proactor.
// That must not touch a wait, so raise makes a runner do so.
func (s *Signals) raise(sig os.Signal) {
	if s.add(sig) {
		ops.Post(s.p, &s.bell)
	}
}

// add makes a signal pending, and reports whether the bell must ring for that.
func (s *Signals) add(sig os.Signal) (ring bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent || slices.Contains(s.pending, sig) {
		return false
	}
	s.pending = append(s.pending, sig)
	ring, s.rung = !s.rung, true
	return ring
}

// A bell makes a runner deliver what has arrived. It has memory of its own for that, so
// the goroutine that has seen the signal calls no allocator of the program.
type bell struct {
	signals *Signals
	slot    combinators.SingleSlot[ops.Operation]
}

// Allocator implements ops.Associated.
func (b *bell) Allocator() allocator.Allocator[ops.Operation] { return &b.slot }

// Complete implements ops.Handler.
func (b *bell) Complete(int, error) {
	s := b.signals
	s.mu.Lock()
	s.rung = false // what arrives from here on rings again
	s.mu.Unlock()
	var out record.Queue
	s.p.lock()
	s.deliver(&out)
	s.p.unlock()
	s.p.finish(&out)
}

// Cancel cancels all waits. Their handlers are called with [ops.ErrCanceled].
func (s *Signals) Cancel() {
	p := s.p
	p.mustBeRunner()
	var out record.Queue
	p.lock()
	s.endAll(ops.ErrCanceled, &out)
	p.unlock()
	p.finish(&out)
}

// endAll ends all waits with err. The caller holds the lock.
func (s *Signals) endAll(err error, out *record.Queue) {
	for op := s.waits.First(); op != nil; op = s.waits.First() {
		s.p.endWaitSignal(op, err, out)
	}
}

// Close stops waiting for the signals. Other uses of the signals in the program go on;
// without any, they have their default action again. Handlers of outstanding waits are
// called with net.ErrClosed.
func (s *Signals) Close() error {
	s.p.mustBeRunner()
	var out record.Queue
	defer s.p.finish(&out)
	return s.close(&out)
}

// close is Close, but leaves what was outstanding in out.
func (s *Signals) close(out *record.Queue) error {
	p := s.p
	p.lock()
	if s.closed {
		p.unlock()
		return net.ErrClosed
	}
	s.closed = true
	s.mu.Lock()
	s.silent = true
	s.mu.Unlock()
	last := len(p.signals) - 1
	moved := p.signals[last]
	p.signals[s.place], moved.place = moved, s.place
	p.signals[last] = nil
	p.signals = p.signals[:last]
	s.endAll(net.ErrClosed, out)
	p.unlock()
	s.stop()
	return nil
}

// anySignals returns a Signals that has not been closed, or nil.
func (p *Proactor) anySignals() *Signals {
	p.lock()
	defer p.unlock()
	if n := len(p.signals); n > 0 {
		return p.signals[n-1]
	}
	return nil
}
