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

// A Ledger watches chains of operations and judges whether the allocation contract
// was kept.
//
// It sees the allocators that it hands out ([Watch], [Ledger.Default]), the
// handlers that are started through [Chain.Start], the goroutines inside
// [Ledger.Call], the backend of a proactor that was made with [Ledger.Options], and
// the closing of a proactor by [Ledger.Close]. It does not judge anything else.
//
// Recording is invisible to the race detector. So a missing happens-before edge
// (clause 6) is still missing, and reported, when a ledger watches. Any goroutine
// may call the methods of a Ledger.
//
// Set the fields before the first event.
type Ledger struct {
	// Clock returns the time since the ledger was made, for the timeline. If it is
	// nil, that is real time.
	Clock func() time.Duration

	// Alone says that one goroutine does everything. Then the ledger need not ask
	// for the number of the goroutine at each call, which takes a microsecond.
	Alone bool

	// Complete says that every operation is started through a [Chain], so that the
	// backend gets no other operation.
	Complete bool

	// Reachability makes the ledger watch whether blocks stay reachable while they
	// are handed out, for the allocators of [Watch] that have memory of their own.
	// A block that does not is reported when the garbage collector has run.
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

// Default returns the ledger's default allocator, for handlers that have none
// associated. Any number of goroutines may use it.
func (l *Ledger) Default() *Watched[ops.Operation] { return l.standard }

// Options returns the options that a proactor needs for the ledger to see its
// default allocator and its backend. A backend that completes an operation that it
// does not have would corrupt the proactor's queues. So the ledger records that,
// and then the Run that polls the backend panics.
func (l *Ledger) Options() []platform.Option {
	return []platform.Option{
		platform.WithAllocator(l.standard),
		platform.WithLayer(func(b backend.Backend) backend.Backend { return &observed{b, l} }),
	}
}

// Call calls f. Meanwhile the ledger takes the goroutine for one that calls the
// library: that starts operations or runs the proactor. Allocators must not be
// called from any other goroutine (clause 7). A goroutine that calls [Chain.Start]
// needs no Call.
func (l *Ledger) Call(f func()) {
	g := l.goroutine()
	l.record(event{kind: eventCall, goroutine: g})
	defer l.record(event{kind: eventReturned, goroutine: g})
	f()
}

// Run runs p inside [Ledger.Call], and returns what p.Run returns.
func (l *Ledger) Run(ctx context.Context, p *platform.Proactor) error {
	var err error
	l.Call(func() { err = p.Run(ctx) })
	return err
}

// Close closes p, which no goroutine may be running, and records which operations
// must be abandoned. It returns what p.Close returns.
func (l *Ledger) Close(p *platform.Proactor) error {
	l.Closing()
	var err error
	l.Call(func() { err = p.Close() })
	l.Closed()
	return err
}

// Closing records that a proactor is about to be closed. Call it, and [Ledger.Closed]
// later, where a proactor is closed while it is run. [Ledger.Close] calls both.
func (l *Ledger) Closing() { l.record(event{kind: eventClose, goroutine: l.goroutine()}) }

// Closed records that a proactor is closed and that no goroutine runs it any more; see
// [Ledger.Closing].
func (l *Ledger) Closed() { l.record(event{kind: eventClosed, goroutine: l.goroutine()}) }

// Violations judges what has happened so far and returns the violations, in the
// order in which they happened. An operation that has not ended yet is none; see
// [Ledger.Finish].
func (l *Ledger) Violations() []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
	return append([]Violation(nil), l.judge.violations...)
}

// Finish is Violations for a run that is over: every operation must have ended, and
// every block must have been released.
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

// A Chain is a chain of operations, of which at most one is outstanding at a time.
// Operations that are outstanding at the same time belong to different chains, even
// if they share a connection.
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

// Start starts an operation of the chain: it calls start with a handler that wraps
// h. What is associated with h stays associated, and the ledger watches its
// allocator of ops.Operation. The text describes the operation in messages and in
// the timeline. Start panics if h is nil.
//
// One goroutine at a time may call it, and only when the handler of the operation
// before was called.
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
// ops, which it checks.
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

// Fail records a violation that concerns no chain in particular: of a clause, or,
// if clause is 0, a wrong result.
func (l *Ledger) Fail(clause Clause, text string) {
	l.record(event{kind: eventFailed, goroutine: l.goroutine(), n: int(clause), what: text})
}

// Stuck records that nothing has happened for the time of patience although
// operations are outstanding, unless [Ledger.Finish] finds a violation. Goroutines
// may still be at work then, so from now on the ledger does not look at memory that
// was released.
func (l *Ledger) Stuck(patience time.Duration) {
	l.mu.Lock()
	l.stuck = true
	l.mu.Unlock()
	if len(l.Finish()) > 0 {
		return
	}
	l.Fail(OnceAndLater, fmt.Sprintf("nothing has happened for %v, and there were operations outstanding", patience))
}
