package platform

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/bubble"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// ErrRunning is returned by Run of a proactor with a single runner that is
// already being run.
var ErrRunning = errors.New("platform: a SingleRunner proactor is already being run")

// A Proactor starts operations, waits for the kernel to finish them, and calls
// their handlers from the goroutines that are in [Proactor.Run].
//
// It owns the queue of finished operations, the timers, the count of
// outstanding work and one backend, a kernel interface. Unless it was made with
// [SingleRunner], any goroutine may use it, its sockets and its timers.
type Proactor struct {
	backend   backend.Backend
	lowest    backend.Backend    // without the layers over it
	fallback  error              // why the backend is not a better one
	epoch     time.Time          // when the backend's clock showed 0, if it has a time of its own
	bubbled   bool               // it was opened in a bubble, see ErrBubble
	observers []backend.Observer // among the layers of backend, innermost first
	single    bool
	looks     bool // the leader looks before it parks
	looking   looking
	yielding  yielding
	flushing  flushing

	alloc  allocator.Allocator[ops.Operation] // for handlers that bring none
	blocks func() (inUse, kept int64)         // of alloc; nil if it does not count them

	sharesAllocator bool // alloc may be that of others, too

	mu        sync.Mutex   // see lock
	ready     record.Queue // finished, and their handlers not yet called
	timers    timers       // waiting for a time
	sockets   []*socket    // all that are open, in no order
	deadlines []*deadlines // of some of the sockets, in the same places
	spare     *deadlines   // that no socket has
	signals   []*Signals   // likewise
	polling   bool         // a runner is the leader: only the leader talks to the kernel
	sincePoll int          // handlers called since the last poll, or in the one that goes on
	burst     int          // how many may be
	pollEnd   int64        // when the last poll has ended, on the backend's clock
	idle      int          // runners that wait on more
	more      backend.Cond // there may be something to do for an idle runner
	drained   bool         // closed, and everything is abandoned

	lent map[*socket]int // how many operations send a file, for those that are sent; see lock

	// The leader's own: what its poll has finished, and what took too long.
	polled  record.Queue
	late    []lateOperation
	counted struct{ polls, completions int64 } // since it has taken the lead

	// Operations begun and not ended. A single runner counts those that it has
	// seen in held.
	work atomic.Int64
	held int64

	// What Stats returns, see figures.go. The lock guards figures; a single runner
	// publishes them.
	figures     figures
	publishedAt int64 // on the backend's clock
	published   publishedFigures
	wakes       atomic.Int64
	open        [record.Classes]atomic.Int64 // sockets

	numbers atomic.Uint64 // the number of the last socket, see nextNumber

	// What is handed to a single runner, which does not lock mu.
	inbox inbox

	// parked is set while the leader is in, or about to enter, a poll that
	// waits. Whoever resets it wakes the backend.
	parked atomic.Bool

	lookups lookups // the goroutines that look up names

	coroutines ops.Coroutines
	sleep      Timer // of all of them

	holds  atomic.Int64
	closed atomic.Bool // Close was called
	halt   atomic.Bool // every runner must return

	// Who is in Run, and who abandons what is left after Close.
	control struct {
		mu        sync.Mutex
		runners   int
		abandons  bool          // somebody does
		over      bool          // and has
		end       backend.Cond  // it has
		abandoned chan struct{} // made when first asked for; closed when it is over
	}
}

var (
	_ ops.Patient                   = (*Proactor)(nil)
	_ ops.Associated[ops.Operation] = (*Proactor)(nil)
)

// Handlers that always start more operations cannot starve the kernel or the timers: at
// most maxBurst handlers are called before those are polled again, or fewer if that takes
// longer than burstTime, in nanoseconds.
const (
	maxBurst, minBurst = 128, 4
	burstTime          = 1_000_000
)

// New returns a proactor. Without options it uses the backend that the environment
// variable HEIRLOOM_BACKEND names, or else the best that works on this system. Any
// number of goroutines may run it. Handlers that bring no allocator get one that recycles
// over the Go heap.
//
// In a bubble of package testing/synctest it returns [ErrBubble], unless
// [WithCustomBackend] gives it a backend, such as that of a sim.World.
func New(options ...Option) (*Proactor, error) {
	var c config
	for _, o := range options {
		o(&c)
	}
	inside := bubble.Inside()
	if inside && c.backend == nil {
		return nil, ErrBubble
	}
	p := &Proactor{single: c.single, bubbled: inside, burst: maxBurst}
	p.sleep.p = p
	p.published.init()
	p.setAllocator(c.alloc)
	p.numbers.Store(proactors.Add(1) << 40)
	b, fallback, err := openBackend(c, (*host)(p))
	if err != nil {
		return nil, err
	}
	p.lowest, p.fallback = b, fallback
	p.more, p.control.end = newCond(b, &p.mu), newCond(b, &p.control.mu)
	if c, ok := b.(backend.Clock); ok {
		p.epoch = c.Epoch()
	}
	if f, ok := b.(backend.Flusher); ok {
		p.flushing.init(f.Flush, p.single)
	}
	for _, wrap := range c.layers {
		b = wrap(b)
		if o, ok := b.(backend.Observer); ok {
			p.observers = append(p.observers, o)
		}
	}
	p.backend = b
	// A custom backend can say what has happened when it is first asked.
	if c.backend == nil || c.spin != nil && *c.spin > 0 {
		p.looks, p.looking, p.yielding = true, newLooking(c.spin, processors()), newYielding()
	}
	return p, nil
}

// newCond returns a condition for goroutines that run a proactor over b.
func newCond(b backend.Backend, l sync.Locker) backend.Cond {
	if c, ok := b.(backend.Conductor); ok {
		return c.NewCond(l)
	}
	return sync.NewCond(l)
}

// Backend returns the name of the kernel interface in use, such as "epoll".
func (p *Proactor) Backend() string { return p.backend.Name() }

// String returns a name for logs, such as "proactor on epoll". It may be called at any time,
// on any goroutine.
func (p *Proactor) String() string { return "proactor on " + p.Backend() }

// Fallback returns why the proactor does not use the best backend of its
// system, and nil if it does or if the backend was chosen by name. The seccomp
// filter of a container, for example, may refuse io_uring.
func (p *Proactor) Fallback() error { return p.fallback }

// Allocator returns the default allocator, which serves handlers that bring
// none. It may be used from any goroutine.
func (p *Proactor) Allocator() allocator.Allocator[ops.Operation] { return p.alloc }

// Execute makes op complete on a goroutine that runs p. It implements
// [ops.Executor]. Any goroutine may call it, even if there is a single runner.
func (p *Proactor) Execute(op *ops.Operation) {
	if !p.single {
		p.addReady(op)
		return
	}
	p.inbox.push(op)
	p.wakePoller()
}

// ExecuteAfter makes op complete on a goroutine that runs p, after the operations that
// wait already. It implements [ops.Patient], and so [ops.Defer]. If the proactor has a
// single runner, only the runner may call it, and it needs neither a lock nor an atomic
// operation.
func (p *Proactor) ExecuteAfter(op *ops.Operation) {
	if !p.single || p.drained {
		p.addReady(op)
		return
	}
	p.mustBeRunner()
	if p.inbox.full() {
		p.held += p.inbox.moveTo(&p.ready)
	}
	p.held++
	p.ready.Push(op)
}

// addReady is Execute, but for the inbox of a single runner.
func (p *Proactor) addReady(op *ops.Operation) {
	p.begun()
	p.finishOne(op)
}

// begun counts an operation that is outstanding from now on.
func (p *Proactor) begun() {
	if p.single {
		p.mustBeRunner()
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

// abandoned counts an operation that has ended without its handler being called.
func (p *Proactor) abandoned() {
	if p.single {
		p.held--
	} else {
		p.work.Add(-1)
	}
}

// mustBeRunner panics if a proactor that was promised a single runner is used by a
// second goroutine while the runner waits for the kernel: nobody would notice what the
// second one starts.
func (p *Proactor) mustBeRunner() {
	if p.single && p.parked.Load() {
		panic("platform: a SingleRunner proactor is used by another goroutine than the one that runs it: use ops.Post")
	}
}

// proactors counts the proactors that have been made.
var proactors atomic.Uint64

// nextNumber returns a number for a socket, which no other has.
func (p *Proactor) nextNumber() uint64 { return p.numbers.Add(1) }

// owner is how the records of sockets refer to p.
func (p *Proactor) owner() unsafe.Pointer { return unsafe.Pointer(p) }

// lock guards what runners share. A single runner shares nothing.
func (p *Proactor) lock() {
	if !p.single {
		p.mu.Lock()
	}
}

func (p *Proactor) unlock() {
	if !p.single {
		p.unlockShared()
	}
}

// unlockShared is a call of its own so that unlock is inlined.
//
//go:noinline
func (p *Proactor) unlockShared() { p.mu.Unlock() }

func (p *Proactor) finishOne(op *ops.Operation) {
	var out record.Queue
	out.Push(op)
	p.finish(&out)
}

// finish queues operations that have their results for the runners.
func (p *Proactor) finish(out *record.Queue) {
	if !out.Empty() {
		p.finishSome(out)
	}
}

func (p *Proactor) finishSome(out *record.Queue) {
	p.lock()
	if p.drained {
		p.unlock()
		p.refuseAll(out)
		return
	}
	p.ready.Splice(out)
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
// releases their memory and keeps only what calls their handlers.
func (p *Proactor) refuseAll(out *record.Queue) {
	var refused record.Queue
	for op := out.Pop(); op != nil; op = out.Pop() {
		refused.Push(op.Refuse(net.ErrClosed))
	}
	p.lock()
	p.ready.Splice(&refused)
	p.unlock()
}

// wakePoller wakes the leader if it waits for the kernel.
func (p *Proactor) wakePoller() {
	if p.parked.Load() {
		p.wakeParked()
	}
}

func (p *Proactor) wakeParked() {
	if p.parked.CompareAndSwap(true, false) {
		p.wakes.Add(1)
		p.backend.Wake()
	}
}

// wakeAll wakes every runner.
func (p *Proactor) wakeAll() {
	p.mu.Lock()
	p.more.Broadcast()
	p.mu.Unlock()
	p.wakePoller()
}

// A Hold keeps Run from returning when there is no work.
type Hold struct{ p *Proactor }

// Hold keeps Run from returning when nothing is outstanding, until the result
// is released.
func (p *Proactor) Hold() *Hold {
	p.holds.Add(1)
	return &Hold{p}
}

// Release ends the hold. Further calls do nothing. Any goroutine may call it,
// but one at a time.
func (h *Hold) Release() {
	if p := h.p; p != nil {
		h.p = nil
		if p.holds.Add(-1) == 0 {
			p.wakeAll()
		}
	}
}

// Stop makes every Run return as soon as its current handler has returned. If
// no Run is active, the next one returns at once. Outstanding operations stay
// outstanding, and Run can be called again. Any goroutine may call Stop.
func (p *Proactor) Stop() {
	p.halt.Store(true)
	p.wakeAll()
}
