package contract

import (
	"errors"
	"fmt"
	"net"
)

// A judge knows the state of everything a ledger watches and says what is wrong
// with each event. It is an automaton over the recorded events: nothing else
// reaches it, so the same events always get the same judgement.
//
// This file follows operations; judge_memory.go follows allocators and blocks.
type judge struct {
	standard   int  // the default allocator
	complete   bool // every operation is shown to the ledger
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

// remembers bounds how many ended operations and released blocks are kept in mind,
// to tell a second end from an unknown one.
const remembers = 1 << 14

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
	expect  Expectation
	started bool // the function that starts it has returned

	blocks  []*blockState // alive
	taken   bool          // it has had one
	refused bool          // an allocator has failed for it
	failed  int           // the ID of the last one that has

	told        int    // calls of the handler
	abandoned   []bool // by layer
	outstanding bool   // when the proactor was being closed
	released    bool   // when the proactor was being closed it had no memory any more
	reported    map[Clause]bool
}

type goroutineState struct {
	calls  int // nested in Ledger.Call
	caller bool
	starts []*operationState // functions that start operations and have not returned
}

func (j *judge) init() {
	j.operations = make(map[int64]*operationState)
	j.blocks = make(map[uintptr]*blockState)
	j.goroutines = make(map[uint64]*goroutineState)
}

// see judges an event.
func (j *judge) see(e *event) {
	switch e.kind {
	case eventCall:
		j.goroutine(e).calls++
	case eventReturned:
		j.goroutine(e).calls--
	case eventStart:
		j.start(e)
	case eventPart:
		if o := j.operations[e.operation]; o != nil {
			g := j.goroutine(e)
			g.caller = true // it may be a coroutine
			g.starts = append(g.starts, o)
		}
	case eventStarted:
		g := j.goroutine(e)
		if last := len(g.starts) - 1; last >= 0 && g.starts[last].id == e.operation { // else it was unknown
			g.starts = g.starts[:last]
		}
		if o := j.operations[e.operation]; o != nil {
			o.started = true
		}
	case eventAllocate:
		j.allocate(e)
	case eventAllocated:
		j.allocated(e)
	case eventRefused:
		j.leaveAllocator(e)
		if o := j.owner(e); o != nil {
			o.refused, o.failed = true, e.allocator
		}
	case eventRelease:
		j.release(e)
	case eventReleased:
		j.released(e)
	case eventKernel:
		j.kernel(e, true)
	case eventKernelDone:
		j.kernel(e, false)
	case eventIntruded:
		j.intruded(e)
	case eventHandler:
		j.handler(e)
	case eventAbandoned:
		j.abandoned(e)
	case eventClose:
		j.close()
	case eventClosed:
		j.closed = true
	case eventWritten, eventCollected:
		j.damaged(e)
	case eventFailed:
		j.report(Clause(e.n), j.operations[e.operation], e, "%s", e.what)
	}
}

func (j *judge) goroutine(e *event) *goroutineState {
	g := j.goroutines[e.goroutine]
	if g == nil {
		g = &goroutineState{}
		j.goroutines[e.goroutine] = g
	}
	return g
}

// start begins an operation.
func (j *judge) start(e *event) {
	c := j.chains[e.chain-1]
	c.started++
	o := &operationState{
		id: e.operation, chain: e.chain, number: c.started, what: e.what, expect: e.expect,
		abandoned: make([]bool, e.expect.Layers),
	}
	j.operations[o.id] = o
	c.current = o
	g := j.goroutine(e)
	g.caller = true
	g.starts = append(g.starts, o)
}

// handler judges the call of a handler.
func (j *judge) handler(e *event) {
	o := j.operations[e.operation]
	if o == nil {
		j.report(OnceAndLater, nil, e, "a handler was called for an operation that ended long ago")
		return
	}
	once := OnceAndLater
	if o.refused {
		once = Exhaustion
	}
	switch g := j.goroutine(e); {
	case len(g.starts) > 0 && g.starts[len(g.starts)-1] == o:
		j.report(once, o, e, "the handler was called from inside the function that started the operation")
	case len(g.starts) > 0:
		j.report(once, o, e, "the handler was called from inside the function that started %s", j.describe(g.starts[len(g.starts)-1]))
	}
	o.told++
	switch {
	case o.told > 1:
		j.report(once, o, e, "the handler was called %d times", o.told)
		return
	case o.wasAbandoned():
		j.report(OnceAndLater, o, e, "the handler was called although closing the proactor has abandoned the operation")
	case o.outstanding && j.closed:
		j.report(OnceAndLater, o, e, "the handler was called after the proactor was closed while the operation was outstanding")
	}
	if len(o.blocks) > 0 {
		b := o.blocks[0]
		j.report(ReleasedFirst, o, e, "the handler was entered while block %#x of %d bytes of %s was allocated", b.at, b.size, j.name(b.allocator))
	}
	j.checkSource(o, e)
	switch {
	case o.refused && !e.exhausted && !(j.closing && errors.Is(e.err, net.ErrClosed)):
		j.report(Exhaustion, o, e, "the allocator has failed, and the handler was told %v, which is not allocator.ErrExhausted", e.err)
	case !o.refused && e.exhausted:
		j.report(Exhaustion, o, e, "the handler was told %q, and the allocator has not failed", e.err)
	}
	if j.ended = append(j.ended, o.id); len(j.ended) > remembers {
		delete(j.operations, j.ended[0])
		j.ended = j.ended[1:]
	}
}

// checkSource judges, when an operation ends, whether it ever had memory.
func (j *judge) checkSource(o *operationState, e *event) {
	if o.taken || o.refused || o.expect.Peak == 0 {
		return
	}
	clause := Associated
	if o.expect.Allocator == j.standard {
		clause = Default
	}
	j.report(clause, o, e, "no memory was asked of %s, so it came from elsewhere", j.name(o.expect.Allocator))
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
func (j *judge) abandoned(e *event) {
	o := j.operations[e.operation]
	switch {
	case o == nil:
		j.report(Abandonment, nil, e, "an operation that ended long ago was abandoned")
	case !j.closing:
		j.report(Abandonment, o, e, "the operation was abandoned, and nobody has closed the proactor")
	case o.told > 0:
		j.report(Abandonment, o, e, "the operation was abandoned after its handler was called")
	case e.layer < len(o.abandoned) && o.abandoned[e.layer]:
		j.report(Abandonment, o, e, "layer %d of the handler was told twice that it was abandoned", e.layer)
	case len(o.blocks) > 0:
		j.report(Abandonment, o, e, "the handler was told that it was abandoned while block %#x was allocated", o.blocks[0].at)
	}
	if o != nil && e.layer < len(o.abandoned) {
		o.abandoned[e.layer] = true
	}
}

// close notes what is outstanding when the proactor is being closed.
func (j *judge) close() {
	j.closing = true
	for _, o := range j.operations {
		if o.told == 0 && o.started {
			o.outstanding = true
			o.released = o.taken && len(o.blocks) == 0
		}
	}
}

// finish judges what has not ended although the run is over.
func (j *judge) finish() {
	end := &event{seq: -1}
	for _, c := range j.chains {
		for n := 1; n <= c.started; n++ {
			o := j.operationOf(c, n)
			if o == nil || o.told > 0 {
				continue
			}
			j.lost(o, end)
		}
	}
	j.leaks(end)
}

func (j *judge) operationOf(c *chainState, n int) *operationState {
	if c.current == nil {
		return nil
	}
	return j.operations[operationID(c.current.chain, n)]
}

// lost judges an operation whose handler was never called.
func (j *judge) lost(o *operationState, end *event) {
	at := *end
	at.chain = o.chain
	switch {
	case o.refused && !o.wasAbandoned():
		j.report(Exhaustion, o, &at, "the allocator has failed, and the handler was never told")
		return
	case !j.closing:
		j.report(OnceAndLater, o, &at, "the handler was never called%s", o.whereItIs())
		return
	case o.outstanding && o.released:
		j.report(OnceAndLater, o, &at, "the memory was released before the proactor was closed, and the handler was never called")
		return
	case len(o.blocks) > 0:
		b := o.blocks[0]
		b.reported = true
		j.report(Abandonment, o, &at, "closing the proactor has not released block %#x of %d bytes of %s", b.at, b.size, j.name(b.allocator))
		return
	}
	j.checkSource(o, &at)
	for layer, told := range o.abandoned {
		if !told {
			j.report(Abandonment, o, &at, "the proactor was closed, and layer %d of %d of the handler was never told", layer, len(o.abandoned))
			return
		}
	}
}

// whereItIs says where an operation whose handler was not called is, as far as its memory
// shows.
func (o *operationState) whereItIs() string {
	switch {
	case len(o.blocks) == 0 && o.taken:
		return ": its memory was released, so it has ended, and its handler got lost on the way, or is to be called by a goroutine that does not run the proactor and that Run does not wait for (platform.Proactor.Hold has it wait)"
	case len(o.blocks) == 0:
		return ": it never asked for memory"
	case o.blocks[0].kernel:
		return ": the backend still has it"
	case o.blocks[0].ended:
		return ": the backend has let go of it, and its memory was not released"
	}
	return ": it has memory, and was never given to the backend or waits behind another operation"
}

// report records a violation: of each clause only the first for an operation,
// because the others follow from it.
func (j *judge) report(clause Clause, o *operationState, e *event, format string, args ...any) {
	v := Violation{Clause: clause, Text: fmt.Sprintf(format, args...), event: e.seq, chain: e.chain}
	if o != nil {
		if o.reported[clause] {
			return
		}
		if o.reported == nil {
			o.reported = make(map[Clause]bool)
		}
		o.reported[clause] = true
		v.chain = o.chain
		v.Operation = fmt.Sprintf("%d: %s", o.number, o.what)
	}
	if v.chain > 0 {
		v.Chain = j.chains[v.chain-1].name
	}
	j.violations = append(j.violations, v)
}

func (j *judge) describe(o *operationState) string {
	return fmt.Sprintf("operation %d (%s) of chain %s", o.number, o.what, j.chains[o.chain-1].name)
}
