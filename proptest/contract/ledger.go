package contract

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A Ledger watches chains of operations and judges whether the allocation
// contract was kept.
//
// It sees what it stands next to: allocators that it hands out ([Watch],
// [Ledger.Default]), handlers that are started through [Chain.Start],
// goroutines inside [Ledger.Call], the backend of a proactor that was made with
// [Ledger.Options], and its closing by [Ledger.Close]. Whatever is not shown to
// it is not judged.
//
// Recording is invisible to the race detector, so a missing happens-before edge
// (clause 6) is still missing, and reported, when a ledger watches. Its methods
// may be called from any goroutine.
//
// The fields may be set before the first event.
type Ledger struct {
	// Clock tells the time since the ledger was made, for the timeline. If it is
	// nil that is real time.
	Clock func() time.Duration

	// Alone says that one goroutine does everything, so that the ledger need not
	// ask for the number of the goroutine at each call, which takes a microsecond.
	Alone bool

	// Complete says that every operation is started through a [Chain], so that
	// the backend gets no other.
	Complete bool

	// Reachability has the ledger watch whether blocks stay reachable while they
	// are handed out, which shows when the garbage collector runs.
	Reachability bool

	// lock guards pending, recorded, kernel and lent without the race detector's
	// knowledge; see record.go.
	lock     sync.Mutex
	pending  []event
	recorded int
	kernel   possession // operations that the backend has
	lent     possession // blocks that are handed out

	mu      sync.Mutex
	judge   judge
	history []event // judged
	spare   []event
	chains  []*Chain
	stuck   bool // somebody may still be at work, however long one waits

	begun    time.Time
	standard *Watched[ops.Operation]
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	l := &Ledger{begun: time.Now()}
	l.reuse()
	l.judge.init()
	l.standard = watch[ops.Operation](l, nil, nil, "the default allocator")
	l.judge.standard = l.standard.id
	return l
}

// Default returns an allocator of the ledger for handlers that bring none. Any
// number of goroutines may use it.
func (l *Ledger) Default() *Watched[ops.Operation] { return l.standard }

// Options returns what a proactor must be made with for the ledger to see its
// default allocator and its backend. A backend that completes an operation that
// it does not have, which would leave the proactor's queues in disorder, ends
// the Run that polls it by a panic, after the ledger has noted that.
func (l *Ledger) Options() []platform.Option {
	return []platform.Option{
		platform.WithAllocator(l.standard),
		platform.WithLayer(func(b backend.Backend) backend.Backend { return &observed{b, l} }),
	}
}

// Call calls f as a goroutine that calls the library: one that starts
// operations or runs the proactor. Allocators may be called from no other
// (clause 7). Goroutines in [Chain.Start] need not be in Call.
func (l *Ledger) Call(f func()) {
	g := l.goroutine()
	l.record(event{kind: eventCall, goroutine: g})
	defer l.record(event{kind: eventReturned, goroutine: g})
	f()
}

// Run runs p inside [Ledger.Call].
func (l *Ledger) Run(ctx context.Context, p *platform.Proactor) error {
	var err error
	l.Call(func() { err = p.Run(ctx) })
	return err
}

// Close closes p, which nobody runs, and notes what must be abandoned.
func (l *Ledger) Close(p *platform.Proactor) error {
	l.Closing()
	var err error
	l.Call(func() { err = p.Close() })
	l.Closed()
	return err
}

// Closing and Closed say that a proactor is about to be closed, and that it is
// closed and nobody runs it any more. They are for whoever closes it while it is
// run; [Ledger.Close] calls both.
func (l *Ledger) Closing() { l.record(event{kind: eventClose, goroutine: l.goroutine()}) }
func (l *Ledger) Closed()  { l.record(event{kind: eventClosed, goroutine: l.goroutine()}) }

// Violations judges what happened so far and returns what was wrong with it, in
// the order in which it happened. An operation that has not ended is not wrong
// yet; see [Ledger.Finish].
func (l *Ledger) Violations() []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
	return append([]Violation(nil), l.judge.violations...)
}

// Finish is Violations for a run that is over: every operation must have ended,
// and every block must have been released.
func (l *Ledger) Finish() []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
	if !l.stuck {
		for _, c := range l.chains {
			c.inspect()
		}
		l.settleLocked()
	}
	l.judge.finish()
	return append([]Violation(nil), l.judge.violations...)
}

// A Chain is a chain of operations of which one is outstanding at a time, as
// far as the ledger is concerned. Chains that work at the same time are
// different ones, even if they share a connection.
type Chain struct {
	ledger  *Ledger
	id      int
	name    string
	started int                       // operations
	watches []*Watched[ops.Operation] // made by Start
	inspect func()                    // looks at the memory that was released
}

// Name returns the name of the chain.
func (c *Chain) Name() string { return c.name }

// Started returns how many operations the chain has started.
func (c *Chain) Started() int { return c.started }

// Note adds a remark to the timeline of the chain.
func (c *Chain) Note(format string, args ...any) {
	c.ledger.record(event{kind: eventNote, goroutine: c.ledger.goroutine(), chain: c.id, what: fmt.Sprintf(format, args...)})
}

// Chain adds a chain. The name is for messages and for the timeline.
func (l *Ledger) Chain(name string) *Chain {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &Chain{ledger: l, id: len(l.chains) + 1, name: name, inspect: func() {}}
	l.chains = append(l.chains, c)
	l.judge.chains = append(l.judge.chains, &chainState{name: name})
	return c
}

// Start starts an operation of the chain: it calls start with a handler that
// calls h. What is associated with h stays so, but the ledger stands before its
// allocator of ops.Operation. The text says in messages and in the timeline
// what is started.
//
// One goroutine at a time may call it, and the next one only after the handler
// of the operation was called.
func (c *Chain) Start(text string, h ops.Handler, start func(h ops.Handler)) {
	if h == nil {
		panic("contract: Chain.Start: nil Handler")
	}
	t := &tracked{handler: h}
	t.Operation = c.Next()
	expect := Expectation{Allocator: c.ledger.standard.id, Layers: 1, Peak: 1}
	if a := find(h); a != nil {
		w := c.watching(a)
		t.alloc, expect.Allocator = w, w.id
	}
	t.Start(text, expect, func() { start(t) })
}

// tracked is the outermost layer of a handler that is started through a Chain.
type tracked struct {
	Operation
	handler ops.Handler
	alloc   allocator.Allocator[ops.Operation]
}

func (t *tracked) Complete(n int, err error) {
	defer t.Enter(n, err)()
	t.handler.Complete(n, err)
}

func (t *tracked) Unwrap() ops.Handler                           { return t.handler }
func (t *tracked) Allocator() allocator.Allocator[ops.Operation] { return t.alloc }
func (t *tracked) Abandon()                                      { t.Abandoned(0) }

// find returns the allocator associated with h, or nil. It does not ask package
// ops, which it is to check.
func find(h ops.Handler) allocator.Allocator[ops.Operation] {
	for {
		if x, ok := h.(ops.Associated[ops.Operation]); ok {
			if a := x.Allocator(); a != nil {
				return a
			}
		}
		u, ok := h.(ops.Unwrapper)
		if !ok {
			return nil
		}
		h = u.Unwrap()
	}
}

// watching returns the chain's watch over a.
func (c *Chain) watching(a allocator.Allocator[ops.Operation]) *Watched[ops.Operation] {
	if w, ok := a.(*Watched[ops.Operation]); ok {
		return w
	}
	if reflect.TypeOf(a).Comparable() {
		for _, w := range c.watches {
			if w.Parent == a {
				return w
			}
		}
	}
	w := watch(c.ledger, c, a, allocator.Describe(a))
	c.watches = append(c.watches, w)
	return w
}

// Fail notes that a clause was broken, or, if it is 0, that a result was wrong,
// where that concerns no chain in particular.
func (l *Ledger) Fail(clause Clause, text string) {
	l.record(event{kind: eventFailed, goroutine: l.goroutine(), n: int(clause), what: text})
}

// Stuck notes that nothing has happened for some time although operations are
// outstanding, unless there is something else to say about it. Goroutines may still be at
// work then, so from now on nobody looks at the memory that was released.
func (l *Ledger) Stuck(patience time.Duration) {
	l.mu.Lock()
	l.stuck = true
	l.mu.Unlock()
	if len(l.Finish()) > 0 {
		return
	}
	l.Fail(OnceAndLater, fmt.Sprintf("nothing has happened for %v, and there were operations outstanding", patience))
}
