package proptest

import (
	"errors"
	"fmt"
	"net"

	"github.com/heirloom-go/heirloom/allocator"
)

// An arbiter knows the state of everything a ledger watches and says what is wrong
// with each event. It is an automaton over the recorded events: nothing else
// reaches it, so the same events always get the same judgement.
//
// This file follows operations; arbiter_memory.go follows allocators and blocks.
type arbiter struct {
	standard   int  // the default allocator
	strict     bool // every operation is shown to the ledger
	allocators []allocatorState
	chains     []*chainState
	operations map[int64]*operationState
	ended      []int64 // operations whose handler was called, oldest first
	blocks     map[uintptr]*blockState
	gone       []uintptr // blocks that were released, oldest first
	goroutines map[uint64]*goroutineState

	closing bool // the proactor is being closed
	closed  bool // and everything was abandoned

	violations []Violation
}

// memory bounds how many ended operations and released blocks are remembered,
// to tell a second end from an unknown one.
const memory = 1 << 14

type chainState struct {
	name    string
	started int
	current *operationState // begun last

	calls  int    // open calls of its allocators
	caller uint64 // who made the last one
}

type operationState struct {
	id      int64
	chain   int
	number  int // in its chain, from 1
	what    string
	expect  expectation
	started bool // the function that starts it has returned

	blocks  []*blockState // alive
	taken   bool          // it has had one
	refused bool          // an allocator has failed for it

	told        int    // calls of the handler
	abandoned   []bool // by layer
	outstanding bool   // when the proactor was being closed
	released    bool   // when the proactor was being closed it had no memory any more
	blamed      map[allocator.Clause]bool
}

type goroutineState struct {
	calls  int // nested in Ledger.Call
	caller bool
	starts []*operationState // functions that start operations and have not returned
}

func (a *arbiter) init() {
	a.operations = make(map[int64]*operationState)
	a.blocks = make(map[uintptr]*blockState)
	a.goroutines = make(map[uint64]*goroutineState)
}

// see judges an event.
func (a *arbiter) see(e *event) {
	switch e.kind {
	case eventCall:
		a.goroutine(e).calls++
	case eventReturned:
		a.goroutine(e).calls--
	case eventStart:
		a.start(e)
	case eventPart:
		if o := a.operations[e.operation]; o != nil {
			g := a.goroutine(e)
			g.caller = true // it may be a coroutine
			g.starts = append(g.starts, o)
		}
	case eventStarted:
		g := a.goroutine(e)
		g.starts = g.starts[:len(g.starts)-1]
		if o := a.operations[e.operation]; o != nil {
			o.started = true
		}
	case eventAllocate:
		a.allocate(e)
	case eventAllocated:
		a.allocated(e)
	case eventRefused:
		a.leaveAllocator(e)
		if o := a.owner(e); o != nil {
			o.refused = true
		}
	case eventRelease:
		a.release(e)
	case eventReleased:
		a.released(e)
	case eventKernel:
		a.kernel(e, true)
	case eventKernelDone:
		a.kernel(e, false)
	case eventIntruded:
		a.intruded(e)
	case eventHandler:
		a.handler(e)
	case eventAbandoned:
		a.abandoned(e)
	case eventClose:
		a.close()
	case eventClosed:
		a.closed = true
	case eventWritten, eventCollected:
		a.damaged(e)
	case eventFailed:
		a.blame(allocator.Clause(e.n), a.operations[e.operation], e, "%s", e.what)
	}
}

func (a *arbiter) goroutine(e *event) *goroutineState {
	g := a.goroutines[e.goroutine]
	if g == nil {
		g = &goroutineState{}
		a.goroutines[e.goroutine] = g
	}
	return g
}

// start begins an operation.
func (a *arbiter) start(e *event) {
	c := a.chains[e.chain-1]
	c.started++
	o := &operationState{
		id: e.operation, chain: e.chain, number: c.started, what: e.what, expect: e.expect,
		abandoned: make([]bool, e.expect.layers),
	}
	a.operations[o.id] = o
	c.current = o
	g := a.goroutine(e)
	g.caller = true
	g.starts = append(g.starts, o)
}

// handler judges the call of a handler.
func (a *arbiter) handler(e *event) {
	o := a.operations[e.operation]
	if o == nil {
		a.blame(allocator.OnceAndLater, nil, e, "a handler was called for an operation that ended long ago")
		return
	}
	once := allocator.OnceAndLater
	if o.refused {
		once = allocator.Exhaustion
	}
	switch g := a.goroutine(e); {
	case len(g.starts) > 0 && g.starts[len(g.starts)-1] == o:
		a.blame(once, o, e, "the handler was called from inside the function that started the operation")
	case len(g.starts) > 0:
		a.blame(once, o, e, "the handler was called from inside the function that started %s", a.describe(g.starts[len(g.starts)-1]))
	}
	o.told++
	switch {
	case o.told > 1:
		a.blame(once, o, e, "the handler was called %d times", o.told)
		return
	case o.wasAbandoned():
		a.blame(allocator.OnceAndLater, o, e, "the handler was called although closing the proactor has abandoned the operation")
	case o.outstanding && a.closed:
		a.blame(allocator.OnceAndLater, o, e, "the handler was called after the proactor was closed while the operation was outstanding")
	}
	if len(o.blocks) > 0 {
		b := o.blocks[0]
		a.blame(allocator.ReleasedFirst, o, e, "the handler was entered while block %#x of %d bytes of %s was allocated", b.at, b.size, a.name(b.allocator))
	}
	a.judgeSource(o, e)
	switch {
	case o.refused && !e.exhausted && !(a.closing && errors.Is(e.err, net.ErrClosed)):
		a.blame(allocator.Exhaustion, o, e, "the allocator has failed, and the handler was told %v, which is not allocator.ErrExhausted", e.err)
	case !o.refused && e.exhausted:
		a.blame(allocator.Exhaustion, o, e, "the handler was told %q, and the allocator has not failed", e.err)
	}
	if a.ended = append(a.ended, o.id); len(a.ended) > memory {
		delete(a.operations, a.ended[0])
		a.ended = a.ended[1:]
	}
}

// judgeSource judges, when an operation ends, whether it ever had memory.
func (a *arbiter) judgeSource(o *operationState, e *event) {
	if o.taken || o.refused || o.expect.peak == 0 {
		return
	}
	clause := allocator.Associated
	if o.expect.allocator == a.standard {
		clause = allocator.Default
	}
	a.blame(clause, o, e, "no memory was asked of %s, so it came from elsewhere", a.name(o.expect.allocator))
}

func (o *operationState) wasAbandoned() bool {
	for _, told := range o.abandoned {
		if told {
			return true
		}
	}
	return false
}

// abandoned judges that a layer of a handler was told of its abandonment.
func (a *arbiter) abandoned(e *event) {
	o := a.operations[e.operation]
	switch {
	case o == nil:
		a.blame(allocator.Abandonment, nil, e, "an operation that ended long ago was abandoned")
	case !a.closing:
		a.blame(allocator.Abandonment, o, e, "the operation was abandoned, and nobody has closed the proactor")
	case o.told > 0:
		a.blame(allocator.Abandonment, o, e, "the operation was abandoned after its handler was called")
	case e.layer < len(o.abandoned) && o.abandoned[e.layer]:
		a.blame(allocator.Abandonment, o, e, "layer %d of the handler was told twice that it was abandoned", e.layer)
	case len(o.blocks) > 0:
		a.blame(allocator.Abandonment, o, e, "the handler was told that it was abandoned while block %#x was allocated", o.blocks[0].at)
	}
	if o != nil && e.layer < len(o.abandoned) {
		o.abandoned[e.layer] = true
	}
}

// close notes what is outstanding when the proactor is being closed.
func (a *arbiter) close() {
	a.closing = true
	for _, o := range a.operations {
		if o.told == 0 && o.started {
			o.outstanding = true
			o.released = o.taken && len(o.blocks) == 0
		}
	}
}

// finish judges what has not ended although the run is over.
func (a *arbiter) finish() {
	end := &event{seq: -1}
	for _, c := range a.chains {
		for n := 1; n <= c.started; n++ {
			o := a.operationOf(c, n)
			if o == nil || o.told > 0 {
				continue
			}
			a.lost(o, end)
		}
	}
	a.leaks(end)
}

func (a *arbiter) operationOf(c *chainState, n int) *operationState {
	if c.current == nil {
		return nil
	}
	return a.operations[operationID(c.current.chain, n)]
}

// lost judges an operation whose handler was never called.
func (a *arbiter) lost(o *operationState, end *event) {
	at := *end
	at.chain = o.chain
	switch {
	case o.refused && !o.wasAbandoned():
		a.blame(allocator.Exhaustion, o, &at, "the allocator has failed, and the handler was never told")
		return
	case !a.closing:
		a.blame(allocator.OnceAndLater, o, &at, "the handler was never called")
		return
	case o.outstanding && o.released:
		a.blame(allocator.OnceAndLater, o, &at, "the memory was released before the proactor was closed, and the handler was never called")
		return
	case len(o.blocks) > 0:
		b := o.blocks[0]
		b.blamed = true
		a.blame(allocator.Abandonment, o, &at, "closing the proactor has not released block %#x of %d bytes of %s", b.at, b.size, a.name(b.allocator))
		return
	}
	a.judgeSource(o, &at)
	for layer, told := range o.abandoned {
		if !told {
			a.blame(allocator.Abandonment, o, &at, "the proactor was closed, and layer %d of %d of the handler was never told", layer, len(o.abandoned))
			return
		}
	}
}

// blame records a violation. It tells one violation of a clause an operation:
// what follows from the first is no news.
func (a *arbiter) blame(clause allocator.Clause, o *operationState, e *event, format string, args ...any) {
	v := Violation{Clause: clause, Text: fmt.Sprintf(format, args...), event: e.seq, chain: e.chain}
	if o != nil {
		if o.blamed[clause] {
			return
		}
		if o.blamed == nil {
			o.blamed = make(map[allocator.Clause]bool)
		}
		o.blamed[clause] = true
		v.chain = o.chain
		v.Operation = fmt.Sprintf("%d: %s", o.number, o.what)
	}
	if v.chain > 0 {
		v.Chain = a.chains[v.chain-1].name
	}
	a.violations = append(a.violations, v)
}

func (a *arbiter) describe(o *operationState) string {
	return fmt.Sprintf("operation %d (%s) of chain %s", o.number, o.what, a.chains[o.chain-1].name)
}
