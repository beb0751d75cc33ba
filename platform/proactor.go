package platform

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// ErrRunning is returned by Run of a proactor that was promised a single
// runner and has one.
var ErrRunning = errors.New("platform: a SingleRunner proactor is already being run")

// A Proactor starts operations, waits for the kernel to finish them, and calls
// their handlers from the goroutines that are in [Proactor.Run].
//
// It owns the queue of finished operations, the timers, the count of
// outstanding work and one [Backend]. Unless it was made with [SingleRunner],
// any goroutine may use it and what belongs to it.
type Proactor struct {
	backend   Backend
	observers []Observer // among the layers of backend, innermost first
	single    bool

	// The default allocator: local serves what is started on a socket or
	// timer, shared what is posted, from any goroutine. They are the same
	// unless there is a single runner, whose own needs no lock.
	local, shared allocator.Allocator[ops.Operation]

	mu        sync.Mutex // see lock
	ready     queue      // finished, and their handlers not yet called
	timers    timers     // waiting for a time
	sockets   *Socket    // all that are open
	polling   bool       // a runner is the leader: it alone talks to the kernel
	sincePoll int        // handlers called since the kernel was last asked
	idle      int        // runners that wait on more
	more      *sync.Cond // there may be something to do for an idle runner
	drained   bool       // closed, and everything was abandoned

	// The leader's own: what its poll has finished, and what took too long.
	polled queue
	late   []lateOperation

	// Operations begun and not ended. A single runner counts in held what it
	// starts itself.
	work atomic.Int64
	held int64

	// What others hand to a single runner, which does not lock mu.
	inbox struct {
		mu    sync.Mutex
		queue queue
		full  atomic.Bool
	}

	// parked is set while the leader is in, or about to enter, a poll that
	// waits. Whoever resets it wakes the backend.
	parked atomic.Bool

	holds  atomic.Int64
	closed atomic.Bool // Close was called
	halt   atomic.Bool // every runner is to return

	// Who is in Run, and who abandons what is left after Close.
	control struct {
		mu        sync.Mutex
		runners   int
		abandoned chan struct{} // not nil: somebody does, and closes it when done
	}
}

// pollEvery is the number of handlers called before the kernel is asked again,
// so that handlers that always start more cannot starve it.
const pollEvery = 128

// New returns a proactor. Without options it takes the best backend that works
// here, or the one that the environment variable HEIRLOOM_BACKEND names; any
// number of goroutines may run it; and handlers that bring no allocator get
// one that recycles over the Go heap.
func New(options ...Option) (*Proactor, error) {
	var c config
	for _, o := range options {
		o(&c)
	}
	p := &Proactor{single: c.single}
	p.more = sync.NewCond(&p.mu)
	p.local, p.shared = c.alloc, c.alloc
	if c.alloc == nil {
		p.shared = combinators.NewThreadSafe[ops.Operation](newDefault())
		p.local = p.shared
		if p.single {
			p.local = newDefault()
		}
	}
	b, err := newBackend(c, p)
	if err != nil {
		return nil, err
	}
	for _, wrap := range c.layers {
		b = wrap(b)
		if o, ok := b.(Observer); ok {
			p.observers = append(p.observers, o)
		}
	}
	p.backend = b
	return p, nil
}

// Backend returns the name of the kernel interface in use, such as "epoll".
func (p *Proactor) Backend() string { return p.backend.Name() }

// Allocator returns the default allocator, which serves handlers that bring
// none. It may be used from any goroutine.
func (p *Proactor) Allocator() allocator.Allocator[ops.Operation] { return p.shared }

// Execute arranges for op to complete on a goroutine that runs p. It
// implements [ops.Executor] and may be called from any goroutine, also when
// there is a single runner.
func (p *Proactor) Execute(op *ops.Operation) {
	if !p.single {
		p.begun()
		p.finishOne(op)
		return
	}
	in := &p.inbox
	in.mu.Lock()
	if p.closed.Load() {
		in.mu.Unlock() // the runner, if there is one, has emptied the inbox or is about to
		op = op.Refuse(net.ErrClosed)
		in.mu.Lock()
	}
	in.queue.push(op)
	p.work.Add(1)
	in.full.Store(true)
	in.mu.Unlock()
	p.wakePoller()
}

// begun counts an operation that is outstanding from now on.
func (p *Proactor) begun() {
	if p.single {
		p.held++
	} else {
		p.work.Add(1)
	}
}

// ended counts an operation whose handler has returned.
func (p *Proactor) ended() {
	if p.single {
		p.held--
	} else if p.work.Add(-1) == 0 {
		p.wakeAll()
	}
}

// lock guards what runners share. A single runner shares nothing.
func (p *Proactor) lock() {
	if !p.single {
		p.mu.Lock()
	}
}

func (p *Proactor) unlock() {
	if !p.single {
		p.mu.Unlock()
	}
}

func (p *Proactor) finishOne(op *ops.Operation) {
	var out queue
	out.push(op)
	p.finish(&out)
}

// finish queues operations that have their results for the runners.
func (p *Proactor) finish(out *queue) {
	if out.head == nil {
		return
	}
	p.lock()
	if p.drained {
		p.unlock()
		p.refuseAll(out)
		return
	}
	p.ready.take(out)
	idle := p.idle > 0
	if idle {
		p.more.Signal()
	}
	p.unlock()
	if !idle && !p.single {
		p.wakePoller()
	}
}

// refuseAll ends operations that finish after everything was abandoned: it
// releases their memory and keeps only the news for their handlers.
func (p *Proactor) refuseAll(out *queue) {
	var refused queue
	for op := out.pop(); op != nil; op = out.pop() {
		refused.push(op.Refuse(net.ErrClosed))
	}
	p.lock()
	p.ready.take(&refused)
	p.unlock()
}

// wakePoller makes the leader look again if it waits for the kernel.
func (p *Proactor) wakePoller() {
	if p.parked.Load() && p.parked.CompareAndSwap(true, false) {
		p.backend.Wake()
	}
}

// wakeAll makes every runner look again.
func (p *Proactor) wakeAll() {
	p.mu.Lock()
	p.more.Broadcast()
	p.mu.Unlock()
	p.wakePoller()
}

// Run calls handlers until nothing is outstanding and nobody holds p, ctx is
// done, or p is stopped or closed. It returns nil in the first case and after
// Stop, otherwise the context's error or net.ErrClosed.
//
// Several goroutines may run a proactor at once, unless it was made with
// SingleRunner. One of them waits for the kernel while the others call
// handlers. A handler that panics ends the Run that called it with that panic;
// the operation's memory was released before, and Run can be called again.
func (p *Proactor) Run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := runner{p: p}
	if err := r.enter(); err != nil {
		return err
	}
	defer r.leave()
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, func() {
			r.done.Store(true)
			p.wakeAll()
		})()
	}
	for {
		op := r.next()
		if op == nil {
			return r.reason(ctx)
		}
		r.busy = true
		op.Complete()
		r.busy = false
		p.ended()
	}
}

// A runner is a goroutine in Run.
type runner struct {
	p    *Proactor
	busy bool        // a handler is being called
	done atomic.Bool // its context is
}

func (r *runner) enter() error {
	p, c := r.p, &r.p.control
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case p.single && c.runners > 0:
		return ErrRunning
	case p.closed.Load() && c.abandoned == nil:
		return net.ErrClosed // the runners that there are leave
	case c.abandoned != nil:
		// What is left is to tell those who were refused.
		c.mu.Unlock()
		<-c.abandoned
		c.mu.Lock()
	}
	c.runners++
	return nil
}

// leave also runs when a handler has panicked.
func (r *runner) leave() {
	p, c := r.p, &r.p.control
	if r.busy {
		p.ended()
	}
	c.mu.Lock()
	c.runners--
	last := c.runners == 0
	if last {
		p.halt.Store(false)
	}
	abandon := p.mayAbandon()
	c.mu.Unlock()
	switch {
	case abandon:
		p.abandon()
	case !last:
		// Another runner must take the lead, or do what this one was woken
		// for.
		p.mu.Lock()
		p.more.Signal()
		p.mu.Unlock()
		p.wakePoller()
	}
}

// reason says why next had nothing more.
func (r *runner) reason(ctx context.Context) error {
	switch {
	case r.p.closed.Load():
		return net.ErrClosed
	case r.done.Load():
		return ctx.Err()
	}
	return nil
}

// halted reports whether the runner is to return although there is work.
func (r *runner) halted() bool { return r.done.Load() || r.p.halt.Load() }

// next returns an operation to complete, or nil if the runner is to return. It
// waits for one, as the leader or, if there is a leader, idly.
func (r *runner) next() *ops.Operation {
	p := r.p
	p.lock()
	defer p.unlock()
	for {
		if r.halted() {
			return nil
		}
		if p.inbox.full.Load() {
			p.empty()
		}
		if p.ready.head != nil && (p.polling || p.drained || p.sincePoll < pollEvery) {
			p.sincePoll++
			op := p.ready.pop()
			switch {
			case p.idle > 0 && (p.ready.head != nil || !p.polling):
				p.more.Signal()
			case p.idle == 0 && p.ready.head != nil && p.polling:
				p.wakePoller() // for what was left to a runner that was busy by then
			}
			return op
		}
		if p.ready.head == nil && (p.drained || p.outOfWork()) {
			p.more.Broadcast()
			return nil
		}
		if p.polling {
			p.idle++
			p.more.Wait()
			p.idle--
			continue
		}
		r.lead()
	}
}

// empty moves what others posted to the single runner's queue.
func (p *Proactor) empty() {
	p.inbox.mu.Lock()
	p.held += p.work.Swap(0)
	p.ready.take(&p.inbox.queue)
	p.inbox.full.Store(false)
	p.inbox.mu.Unlock()
}

func (p *Proactor) outOfWork() bool {
	return p.held == 0 && p.work.Load() == 0 && p.holds.Load() == 0
}

// lead asks the kernel, and waits for it if there is nothing else to do. The
// caller holds the lock, which is not held meanwhile.
func (r *runner) lead() {
	p := r.p
	wait := time.Duration(-1)
	if p.ready.head != nil {
		wait = 0
	} else if when, ok := p.timers.next(); ok {
		wait = max(0, time.Duration(when-p.backend.Now()))
	}
	p.polling, p.sincePoll = true, 0
	if wait != 0 {
		// From here on whoever adds something wakes the poll. What was
		// added before is seen now.
		p.parked.Store(true)
		if r.halted() || p.inbox.full.Load() || p.outOfWork() {
			wait = 0
		}
	}
	p.poll(wait)
	p.expire()
	if len(p.late) > 0 {
		p.unlock()
		p.endLate()
		p.lock()
	}
	p.polling = false
	p.ready.take(&p.polled)
}

// poll polls without the lock, and leaves the lead if the backend panics.
func (p *Proactor) poll(wait time.Duration) {
	p.unlock()
	returned := false
	defer func() {
		p.parked.Store(false)
		p.lock()
		p.polling = returned
	}()
	p.backend.Poll(wait)
	returned = true
}

// A Hold keeps Run from returning for want of work.
type Hold struct{ p *Proactor }

// Hold makes Run go on, even with nothing outstanding, until the result is
// released.
func (p *Proactor) Hold() *Hold {
	p.holds.Add(1)
	return &Hold{p}
}

// Release ends the hold. More calls than one do nothing. It may be called from
// any goroutine, but from one at a time.
func (h *Hold) Release() {
	if p := h.p; p != nil {
		h.p = nil
		if p.holds.Add(-1) == 0 {
			p.wakeAll()
		}
	}
}

// Stop makes every Run return as soon as its handler has; if none is active,
// the next one returns at once. What is outstanding stays so, and Run can be
// called again. It may be called from any goroutine.
func (p *Proactor) Stop() {
	p.halt.Store(true)
	p.wakeAll()
}

// Close abandons everything that is outstanding and closes all sockets: it
// waits until the kernel has let go of every operation, then releases their
// memory without calling their handlers, and tells those handlers that are an
// ops.Abandoner. It may be called from any goroutine. If Run is active, also
// when the caller is a handler, Close returns at once, and the last Run to
// return does this before it returns net.ErrClosed.
//
// An operation that is started afterwards is refused: its memory is released
// at once, and its handler is told net.ErrClosed if Run is called again, which
// then returns net.ErrClosed as well.
func (p *Proactor) Close() error {
	c := &p.control
	c.mu.Lock()
	if p.closed.Swap(true) {
		c.mu.Unlock()
		return net.ErrClosed
	}
	p.halt.Store(true)
	abandon := p.mayAbandon()
	c.mu.Unlock()
	if abandon {
		p.abandon()
	} else {
		p.wakeAll()
	}
	return nil
}
