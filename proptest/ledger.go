package proptest

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
type Ledger struct {
	// lock guards pending, recorded and kernel without the race detector's
	// knowledge; see record.go.
	lock     sync.Mutex
	pending  []event
	recorded int
	kernel   possession

	mu      sync.Mutex
	arbiter arbiter
	history []event // judged
	spare   []event
	chains  []*Chain

	begun    time.Time
	clock    func() time.Duration // since the ledger was made; real time if nil
	alone    bool                 // one goroutine does everything: nobody asks for its number
	standard *watched[ops.Operation]
	gc       bool // watch whether blocks stay reachable
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	l := &Ledger{begun: time.Now()}
	l.arbiter.init()
	l.standard = watch[ops.Operation](l, nil, nil, "the default allocator")
	l.arbiter.standard = l.standard.id
	return l
}

// Default returns an allocator of the ledger for handlers that bring none. Any
// number of goroutines may use it.
func (l *Ledger) Default() allocator.Allocator[ops.Operation] { return l.standard }

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
	l.closing()
	var err error
	l.Call(func() { err = p.Close() })
	l.closed()
	return err
}

func (l *Ledger) closing() { l.record(event{kind: eventClose, goroutine: l.goroutine()}) }
func (l *Ledger) closed()  { l.record(event{kind: eventClosed, goroutine: l.goroutine()}) }

// Violations judges what happened so far and returns what was wrong with it, in
// the order in which it happened. An operation that has not ended is not wrong
// yet; see [Ledger.Finish].
func (l *Ledger) Violations() []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
	return append([]Violation(nil), l.arbiter.violations...)
}

// Finish is Violations for a run that is over: every operation must have ended,
// and every block must have been released.
func (l *Ledger) Finish() []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
	for _, c := range l.chains {
		c.inspect()
	}
	l.settleLocked()
	l.arbiter.finish()
	return append([]Violation(nil), l.arbiter.violations...)
}

// A Chain is a chain of operations of which one is outstanding at a time, as
// far as the ledger is concerned. Chains that work at the same time are
// different ones, even if they share a connection.
type Chain struct {
	ledger  *Ledger
	id      int
	name    string
	started int                       // operations
	watches []*watched[ops.Operation] // made by Start
	inspect func()                    // looks at the memory that was released
}

// Chain adds a chain. The name is for messages and for the timeline.
func (l *Ledger) Chain(name string) *Chain {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &Chain{ledger: l, id: len(l.chains) + 1, name: name, inspect: func() {}}
	l.chains = append(l.chains, c)
	l.arbiter.chains = append(l.arbiter.chains, &chainState{name: name})
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
		panic("proptest: Chain.Start: nil Handler")
	}
	t := &tracked{handler: h}
	t.operation = c.next()
	expect := expectation{allocator: c.ledger.standard.id, layers: 1, peak: 1}
	if a := find(h); a != nil {
		w := c.watching(a)
		t.alloc, expect.allocator = w, w.id
	}
	c.start(t.operation, text, expect, func() { start(t) })
}

// An operation is one operation of a chain.
type operation struct {
	chain *Chain
	id    int64
}

// operationID returns what is unique for the n-th operation of a chain.
func operationID(chain, n int) int64 { return int64(chain)<<32 | int64(n) }

// next returns the operation that the chain starts next.
func (c *Chain) next() operation {
	c.started++
	return operation{c, operationID(c.id, c.started)}
}

func (c *Chain) start(o operation, text string, expect expectation, start func()) {
	g := c.ledger.goroutine()
	e := event{kind: eventStart, goroutine: g, chain: c.id, operation: o.id, what: text, expect: expect}
	c.ledger.record(e)
	defer c.ledger.record(event{kind: eventStarted, goroutine: g, chain: c.id, operation: o.id})
	start()
}

// part calls a function that starts a part of the operation that the chain has
// outstanding.
func (c *Chain) part(start func()) {
	g := c.ledger.goroutine()
	o := operationID(c.id, c.started)
	c.ledger.record(event{kind: eventPart, goroutine: g, chain: c.id, operation: o})
	start()
	c.ledger.record(event{kind: eventStarted, goroutine: g, chain: c.id, operation: o})
}

// enter notes that the handler of the operation is entered, and returns a
// function that notes that it has returned.
func (o operation) enter(n int, err error) (leave func()) {
	g := o.chain.ledger.goroutine()
	e := event{kind: eventHandler, goroutine: g, chain: o.chain.id, operation: o.id, n: n, err: err, exhausted: isExhausted(err)}
	o.chain.ledger.record(e)
	return func() {
		o.chain.ledger.record(event{kind: eventHandlerReturned, goroutine: g, chain: o.chain.id, operation: o.id})
	}
}

// abandoned notes that a layer of the operation's handler was abandoned.
func (o operation) abandoned(layer int) {
	o.chain.ledger.record(event{kind: eventAbandoned, goroutine: o.chain.ledger.goroutine(), chain: o.chain.id, operation: o.id, layer: layer})
}

// note adds a remark to the timeline of the chain.
func (c *Chain) note(format string, args ...any) {
	c.ledger.record(event{kind: eventNote, goroutine: c.ledger.goroutine(), chain: c.id, what: fmt.Sprintf(format, args...)})
}

// fail notes that the operation had a result that it must not have.
func (o operation) fail(format string, args ...any) { o.breaks(0, format, args...) }

// breaks notes that a clause was broken, or, if it is 0, that a result was
// wrong.
func (o operation) breaks(clause allocator.Clause, format string, args ...any) {
	c := o.chain
	c.ledger.record(event{kind: eventFailed, goroutine: c.ledger.goroutine(), chain: c.id, operation: o.id, n: int(clause), what: fmt.Sprintf(format, args...)})
}

// tracked is the outermost layer of a handler that is started through a Chain.
type tracked struct {
	operation
	handler ops.Handler
	alloc   allocator.Allocator[ops.Operation]
}

func (t *tracked) Complete(n int, err error) {
	defer t.enter(n, err)()
	t.handler.Complete(n, err)
}

func (t *tracked) Unwrap() ops.Handler                           { return t.handler }
func (t *tracked) Allocator() allocator.Allocator[ops.Operation] { return t.alloc }
func (t *tracked) Abandon()                                      { t.abandoned(0) }

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
func (c *Chain) watching(a allocator.Allocator[ops.Operation]) *watched[ops.Operation] {
	if w, ok := a.(*watched[ops.Operation]); ok {
		return w
	}
	if reflect.TypeOf(a).Comparable() {
		for _, w := range c.watches {
			if w.parent == a {
				return w
			}
		}
	}
	w := watch(c.ledger, c, a, allocator.Describe(a))
	c.watches = append(c.watches, w)
	return w
}

// failed notes something that concerns no chain in particular.
func (l *Ledger) failed(clause allocator.Clause, text string) {
	l.record(event{kind: eventFailed, goroutine: l.goroutine(), n: int(clause), what: text})
}

// stuck notes that nothing has happened for some time although operations are
// outstanding, unless there is something else to say about it.
func (l *Ledger) stuck(patience time.Duration) {
	if len(l.Finish()) > 0 {
		return
	}
	l.failed(allocator.OnceAndLater, fmt.Sprintf("nothing has happened for %v, and there were operations outstanding", patience))
}
