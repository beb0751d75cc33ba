package proptest

import (
	"cmp"
	"slices"

	"github.com/heirloom-go/heirloom/allocator"
)

type allocatorState struct {
	name  string
	chain int // whose it is, or 0
}

type blockState struct {
	at, size  uintptr
	allocator int
	operation *operationState // or nil

	alive  bool
	kernel bool // the backend has it
	ended  bool // the backend has had it and let go of it
	blamed bool
}

func (a *arbiter) name(id int) string { return a.allocators[id-1].name }

// owner returns the operation for which an allocator is called, or nil if that
// cannot be told: the one that the goroutine is starting, or the one of the
// chain that the allocator belongs to.
func (a *arbiter) owner(e *event) *operationState {
	if g := a.goroutine(e); len(g.starts) > 0 {
		return g.starts[len(g.starts)-1]
	}
	if c := a.allocators[e.allocator-1].chain; c != 0 {
		if o := a.chains[c-1].current; o != nil && o.told == 0 {
			return o
		}
	}
	return nil
}

// enterAllocator judges who calls an allocator and when.
func (a *arbiter) enterAllocator(e *event, o *operationState) {
	if e.chain = a.allocators[e.allocator-1].chain; e.chain == 0 && o != nil {
		e.chain = o.chain
	}
	if g := a.goroutine(e); g.calls == 0 && !g.caller {
		a.blame(allocator.AnyGoroutine, o, e, "%s was called by goroutine %d, which neither starts operations nor runs the proactor", a.name(e.allocator), e.goroutine)
	}
	if e.chain == 0 || a.allocators[e.allocator-1].chain == 0 {
		return
	}
	c := a.chains[e.chain-1]
	if c.calls > 0 {
		a.blame(allocator.OneAtATime, o, e, "goroutine %d called %s while a call of goroutine %d had not returned", e.goroutine, a.name(e.allocator), c.caller)
	}
	c.calls++
	c.caller = e.goroutine
}

func (a *arbiter) leaveAllocator(e *event) {
	if c := a.allocators[e.allocator-1].chain; c != 0 {
		e.chain = c
		a.chains[c-1].calls--
	}
}

func (a *arbiter) allocate(e *event) {
	o := a.owner(e)
	a.enterAllocator(e, o)
	if o == nil || e.allocator == o.expect.allocator && o.expect.peak > 0 || e.allocator == o.expect.frames {
		return
	}
	switch {
	case o.expect.peak == 0:
		a.blame(allocator.Associated, o, e, "memory was asked of %s, and the operation has its own", a.name(e.allocator))
	case o.refused:
		a.blame(allocator.Exhaustion, o, e, "%s has failed, and memory was asked of %s instead", a.name(o.expect.allocator), a.name(e.allocator))
	case o.expect.allocator == a.standard:
		a.blame(allocator.Default, o, e, "the handler has no allocator, and memory was asked of %s instead of the default one", a.name(e.allocator))
	case e.allocator == a.standard:
		a.blame(allocator.Default, o, e, "the default allocator was asked although %s is associated", a.name(o.expect.allocator))
	default:
		a.blame(allocator.Associated, o, e, "memory was asked of %s, and not of %s, which is the outermost associated", a.name(e.allocator), a.name(o.expect.allocator))
	}
}

func (a *arbiter) allocated(e *event) {
	a.leaveAllocator(e)
	o := a.owner(e)
	if o != nil {
		o.taken = o.taken || e.allocator != o.expect.frames
		e.chain, e.operation = o.chain, o.id
	}
	if e.block == 0 {
		return
	}
	if old := a.overlapped(e); old != nil {
		a.blame(allocator.Stable, old.operation, e, "block %#x of %d bytes was handed out by %s while an operation has block %#x of %d bytes", e.block, e.size, a.name(e.allocator), old.at, old.size)
	}
	b := &blockState{at: e.block, size: e.size, allocator: e.allocator, operation: o, alive: true}
	a.blocks[b.at] = b
	if o == nil {
		return
	}
	if o.blocks = append(o.blocks, b); len(o.blocks) > o.expect.peak && o.expect.peak > 0 {
		a.blame(allocator.PeakBlocks, o, e, "the operation has %d blocks at once, and may have %d", len(o.blocks), o.expect.peak)
	}
}

// overlapped returns the block in use that a new one shares memory with. Blocks
// that start at the same place are found at once; the others are few enough to
// look at, as an operation has one.
func (a *arbiter) overlapped(e *event) *blockState {
	if b := a.blocks[e.block]; b != nil && b.alive {
		return b
	}
	for _, c := range a.chains {
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

func (a *arbiter) release(e *event) {
	var o *operationState
	b := a.blocks[e.block]
	if b != nil {
		o = b.operation
	}
	if o != nil {
		e.operation = o.id
	}
	a.enterAllocator(e, o)
	switch {
	case e.block == 0:
	case b == nil:
		a.blame(allocator.SameBlock, a.owner(e), e, "%s was given block %#x of %d bytes, which no allocator has handed out", a.name(e.allocator), e.block, e.size)
	case !b.alive:
		a.blame(allocator.SameBlock, o, e, "block %#x was released twice to %s", e.block, a.name(e.allocator))
	case b.allocator != e.allocator:
		a.blame(allocator.SameBlock, o, e, "block %#x came from %s and was released to %s", e.block, a.name(b.allocator), a.name(e.allocator))
	case b.size != e.size:
		a.blame(allocator.SameBlock, o, e, "block %#x was handed out with %d bytes and released with %d", e.block, b.size, e.size)
	case b.kernel:
		a.blame(allocator.Stable, o, e, "block %#x was released while the backend had the operation in it", e.block)
	}
}

func (a *arbiter) released(e *event) {
	a.leaveAllocator(e)
	b := a.blocks[e.block]
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
	if a.gone = append(a.gone, b.at); len(a.gone) > memory {
		if old := a.blocks[a.gone[0]]; old != nil && !old.alive {
			delete(a.blocks, a.gone[0])
		}
		a.gone = a.gone[1:]
	}
}

// kernel judges which memory the backend works on.
func (a *arbiter) kernel(e *event, has bool) {
	b := a.blocks[e.block]
	switch {
	case b == nil:
		a.unknown(e, has)
	case b.alive:
		b.kernel = has
		b.ended = b.ended || !has
		if b.operation != nil {
			e.chain, e.operation = b.operation.chain, b.operation.id
		}
	case has && b.operation != nil && b.operation.told == 0:
		a.blame(allocator.Stable, b.operation, e, "the backend was given an operation in block %#x, which was released", e.block)
	case b.kernel:
		b.kernel = false // it was released too early, and that was said
	}
}

// unknown judges an operation of the backend that lies in no block. If not all
// operations are shown to the ledger it may be any.
func (a *arbiter) unknown(e *event, has bool) {
	g := a.goroutines[e.goroutine]
	if !a.strict || !has || g == nil || len(g.starts) == 0 {
		return
	}
	o := g.starts[len(g.starts)-1]
	if o.expect.apart {
		return
	}
	e.chain, e.operation = o.chain, o.id
	if len(o.blocks) == 0 {
		a.judgeSource(o, e)
		return
	}
	a.blame(allocator.Stable, o, e, "the backend was given an operation at %#x, and the memory of the operation is block %#x", e.block, o.blocks[0].at)
}

// intruded judges that the backend has completed an operation that it does not
// have. The proactor would end that one a second time, or the next one that is
// in the same memory.
func (a *arbiter) intruded(e *event) {
	var o *operationState
	if b := a.blocks[e.block]; b != nil && b.operation != nil {
		o = b.operation
		e.chain, e.operation = o.chain, o.id
	}
	a.blame(allocator.OnceAndLater, o, e, "the backend completed an operation at %#x that it does not have: it has let go of it before, or was never given it", e.block)
}

// damaged judges what happened to memory behind everybody's back.
func (a *arbiter) damaged(e *event) {
	b := a.blocks[e.block]
	if b == nil {
		return
	}
	if b.operation != nil {
		e.chain, e.operation = b.operation.chain, b.operation.id
	}
	switch {
	case e.kind == eventWritten && !b.alive:
		a.blame(allocator.Stable, b.operation, e, "block %#x was written to after it was released", e.block)
	case e.kind == eventCollected && b.alive:
		b.blamed = true
		a.blame(allocator.Stable, b.operation, e, "block %#x was not reachable any more while it was handed out", e.block)
	}
}

// alive returns the blocks that are handed out and were not blamed yet, in the
// order of their operations.
func (a *arbiter) alive() []*blockState {
	var all []*blockState
	for _, b := range a.blocks {
		if b.alive && !b.blamed {
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
func (a *arbiter) leaks(end *event) {
	for _, b := range a.alive() {
		at := *end
		at.chain = a.allocators[b.allocator-1].chain
		if o := b.operation; o != nil && o.blamed[allocator.ReleasedFirst] {
			continue // that it was alive in the handler was said
		}
		clause, text := allocator.SameBlock, "block %#x of %d bytes of %s was never released"
		if a.closed && b.operation != nil && b.operation.told == 0 {
			clause = allocator.Abandonment
		}
		a.blame(clause, b.operation, &at, text, b.at, b.size, a.name(b.allocator))
	}
}
