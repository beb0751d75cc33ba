package contract

import (
	"cmp"
	"slices"
)

type allocatorState struct {
	name  string
	chain int // whose it is, or 0
}

type blockState struct {
	at, size  uintptr
	allocator int
	operation *operationState // or nil

	alive    bool
	kernel   bool // the backend has it
	ended    bool // the backend has had it and let go of it
	reported bool
}

func (j *judge) name(id int) string { return j.allocators[id-1].name }

// owner returns the operation for which an allocator is called, or nil if that
// cannot be told: the one that the goroutine is starting, or the one of the
// chain that the allocator belongs to.
func (j *judge) owner(e *event) *operationState {
	if g := j.goroutine(e); len(g.starts) > 0 {
		return g.starts[len(g.starts)-1]
	}
	if c := j.allocators[e.allocator-1].chain; c != 0 {
		if o := j.chains[c-1].current; o != nil && o.told == 0 {
			return o
		}
	}
	return nil
}

// enterAllocator judges who calls an allocator and when.
func (j *judge) enterAllocator(e *event, o *operationState) {
	if e.chain = j.allocators[e.allocator-1].chain; e.chain == 0 && o != nil {
		e.chain = o.chain
	}
	if g := j.goroutine(e); g.calls == 0 && !g.caller {
		j.report(AnyGoroutine, o, e, "%s was called by goroutine %d, which neither starts operations nor runs the proactor", j.name(e.allocator), e.goroutine)
	}
	if e.chain == 0 || j.allocators[e.allocator-1].chain == 0 {
		return
	}
	c := j.chains[e.chain-1]
	if c.calls > 0 {
		j.report(OneAtATime, o, e, "goroutine %d called %s while a call of goroutine %d had not returned", e.goroutine, j.name(e.allocator), c.caller)
	}
	c.calls++
	c.caller = e.goroutine
}

func (j *judge) leaveAllocator(e *event) {
	if c := j.allocators[e.allocator-1].chain; c != 0 {
		e.chain = c
		j.chains[c-1].calls--
	}
}

func (j *judge) allocate(e *event) {
	o := j.owner(e)
	j.enterAllocator(e, o)
	if o == nil || e.allocator == o.expect.Allocator && o.expect.Peak > 0 || e.allocator == o.expect.Other {
		return
	}
	switch {
	case o.expect.Peak == 0:
		j.report(Associated, o, e, "memory was asked of %s, and the operation has its own", j.name(e.allocator))
	case o.refused:
		j.report(Exhaustion, o, e, "%s has failed, and memory was asked of %s instead", j.name(o.failed), j.name(e.allocator))
	case o.expect.Allocator == j.standard:
		j.report(Default, o, e, "the handler has no allocator, and memory was asked of %s instead of the default one", j.name(e.allocator))
	case e.allocator == j.standard:
		j.report(Default, o, e, "the default allocator was asked although %s is associated", j.name(o.expect.Allocator))
	default:
		j.report(Associated, o, e, "memory was asked of %s, and not of %s, which is the outermost associated", j.name(e.allocator), j.name(o.expect.Allocator))
	}
}

func (j *judge) allocated(e *event) {
	j.leaveAllocator(e)
	o := j.owner(e)
	if o != nil {
		o.taken = o.taken || e.allocator != o.expect.Other
		e.chain, e.operation = o.chain, o.id
	}
	if e.block == 0 {
		return
	}
	if old := j.overlapped(e); old != nil {
		j.report(Stable, old.operation, e, "block %#x of %d bytes was handed out by %s while an operation has block %#x of %d bytes", e.block, e.size, j.name(e.allocator), old.at, old.size)
	}
	b := &blockState{at: e.block, size: e.size, allocator: e.allocator, operation: o, alive: true}
	j.blocks[b.at] = b
	if o == nil {
		return
	}
	if o.blocks = append(o.blocks, b); len(o.blocks) > o.expect.Peak && o.expect.Peak > 0 {
		j.report(PeakBlocks, o, e, "the operation has %d blocks at once, and may have %d", len(o.blocks), o.expect.Peak)
	}
}

// overlapped returns the block in use that a new one shares memory with. Blocks
// that start at the same place are found at once; the others are few enough to
// look at, as an operation has one.
func (j *judge) overlapped(e *event) *blockState {
	if b := j.blocks[e.block]; b != nil && b.alive {
		return b
	}
	for _, c := range j.chains {
		if c.current == nil {
			continue
		}
		for _, b := range c.current.blocks {
			if b.at < e.block+e.size && e.block < b.at+b.size {
				return b
			}
		}
	}
	return nil
}

func (j *judge) release(e *event) {
	var o *operationState
	b := j.blocks[e.block]
	if b != nil {
		o = b.operation
	}
	if o != nil {
		e.operation = o.id
	}
	j.enterAllocator(e, o)
	switch {
	case e.block == 0:
	case b == nil:
		j.report(SameBlock, j.owner(e), e, "%s was given block %#x of %d bytes, which no allocator has handed out", j.name(e.allocator), e.block, e.size)
	case !b.alive:
		j.report(SameBlock, o, e, "block %#x was released twice to %s", e.block, j.name(e.allocator))
	case b.allocator != e.allocator:
		j.report(SameBlock, o, e, "block %#x came from %s and was released to %s", e.block, j.name(b.allocator), j.name(e.allocator))
	case b.size != e.size:
		j.report(SameBlock, o, e, "block %#x was handed out with %d bytes and released with %d", e.block, b.size, e.size)
	case b.kernel:
		j.report(Stable, o, e, "block %#x was released while the backend had the operation in it", e.block)
	}
}

func (j *judge) released(e *event) {
	j.leaveAllocator(e)
	b := j.blocks[e.block]
	if b == nil || !b.alive {
		return
	}
	b.alive = false
	if o := b.operation; o != nil {
		e.chain, e.operation = o.chain, o.id
		for i, x := range o.blocks {
			if x == b {
				o.blocks = append(o.blocks[:i], o.blocks[i+1:]...)
				break
			}
		}
	}
	if j.gone = append(j.gone, b.at); len(j.gone) > remembers {
		if old := j.blocks[j.gone[0]]; old != nil && !old.alive {
			delete(j.blocks, j.gone[0])
		}
		j.gone = j.gone[1:]
	}
}

// kernel judges which memory the backend works on.
func (j *judge) kernel(e *event, has bool) {
	b := j.blocks[e.block]
	switch {
	case b == nil:
		j.unknown(e, has)
	case b.alive:
		b.kernel = has
		b.ended = b.ended || !has
		if b.operation != nil {
			e.chain, e.operation = b.operation.chain, b.operation.id
		}
	case has && b.operation != nil && b.operation.told == 0:
		j.report(Stable, b.operation, e, "the backend was given an operation in block %#x, which was released", e.block)
	case b.kernel:
		b.kernel = false // it was released too early, and that was said
	}
}

// unknown judges an operation of the backend that lies in no block. If not all
// operations are shown to the ledger it may be any.
func (j *judge) unknown(e *event, has bool) {
	g := j.goroutines[e.goroutine]
	if !j.complete || !has || g == nil || len(g.starts) == 0 {
		return
	}
	o := g.starts[len(g.starts)-1]
	if o.expect.Apart {
		return
	}
	e.chain, e.operation = o.chain, o.id
	if len(o.blocks) == 0 {
		j.checkSource(o, e)
		return
	}
	j.report(Stable, o, e, "the backend was given an operation at %#x, and the memory of the operation is block %#x", e.block, o.blocks[0].at)
}

// intruded judges that the backend has completed an operation that it does not
// have. The proactor would end that one a second time, or the next one that is
// in the same memory.
func (j *judge) intruded(e *event) {
	var o *operationState
	if b := j.blocks[e.block]; b != nil && b.operation != nil {
		o = b.operation
		e.chain, e.operation = o.chain, o.id
	}
	j.report(OnceAndLater, o, e, "the backend completed an operation at %#x that it does not have: it has let go of it before, or was never given it", e.block)
}

// damaged judges what happened to memory behind everybody's back.
func (j *judge) damaged(e *event) {
	b := j.blocks[e.block]
	if b == nil {
		return
	}
	if b.operation != nil {
		e.chain, e.operation = b.operation.chain, b.operation.id
	}
	switch {
	case e.kind == eventWritten && !b.alive:
		j.report(Stable, b.operation, e, "block %#x was written to after it was released", e.block)
	case e.kind == eventCollected && b.alive:
		b.reported = true
		j.report(Stable, b.operation, e, "block %#x was not reachable any more while it was handed out", e.block)
	}
}

// alive returns the blocks that are handed out and were not reported yet, in the
// order of their operations.
func (j *judge) alive() []*blockState {
	var all []*blockState
	for _, b := range j.blocks {
		if b.alive && !b.reported {
			all = append(all, b)
		}
	}
	order := func(b *blockState) int64 {
		if b.operation == nil {
			return 0
		}
		return b.operation.id
	}
	slices.SortFunc(all, func(x, y *blockState) int {
		return cmp.Or(cmp.Compare(order(x), order(y)), cmp.Compare(x.at, y.at))
	})
	return all
}

// leaks judges blocks that were never released.
func (j *judge) leaks(end *event) {
	for _, b := range j.alive() {
		b.reported = true
		at := *end
		at.chain = j.allocators[b.allocator-1].chain
		if o := b.operation; o != nil && o.reported[ReleasedFirst] {
			continue // that it was alive in the handler was said
		}
		clause, text := SameBlock, "block %#x of %d bytes of %s was never released"
		if j.closed && b.operation != nil && b.operation.told == 0 {
			clause = Abandonment
		}
		j.report(clause, b.operation, &at, text, b.at, b.size, j.name(b.allocator))
	}
}
