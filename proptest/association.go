package proptest

import (
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// associate makes the allocators of a chain.
func (c *lane) associate() {
	c.own = c.allocator(c.program.Memory.Slot, "the associated allocator of chain "+c.chain.name)
	c.decoy = c.allocator(false, "an inner allocator of chain "+c.chain.name)
	c.bytes = watch[byte](c.run.ledger, c.chain, nil, "the allocator of bytes of chain "+c.chain.name)
}

func (c *lane) allocator(slot bool, name string) *watched[ops.Operation] {
	var parent allocator.Allocator[ops.Operation]
	switch {
	case c.run.memory != nil:
		parent = c.run.memory()
	case slot:
		parent = combinators.NewSingleSlot[ops.Operation](allocator.Heap[ops.Operation]{})
	}
	return watch(c.run.ledger, c.chain, parent, name)
}

// handler returns a handler for an operation, associated as the program says,
// and what the contract promises about the operation.
func (c *lane) handler(o operation) (ops.Handler, expectation) {
	m := c.program.Memory
	expect := expectation{allocator: c.run.ledger.standard.id, layers: 1, peak: 1}
	var h ops.Handler = &entry{operation: o, lane: c}
	wrap := func(n int) {
		for range n {
			h = &passing{h, o, expect.layers}
			expect.layers++
		}
	}
	if m.Inner && m.Style != Standard {
		h = ops.WithAllocator[ops.Operation](h, c.decoy)
	}
	wrap(m.Wrappers / 2)
	switch m.Style {
	case Bound:
		h = ops.WithAllocator[ops.Operation](h, c.own)
		expect.allocator = c.own.id
	case Method:
		h = &answering{passing{h, o, expect.layers}, c.own}
		expect.layers++
		expect.allocator = c.own.id
	}
	wrap(m.Wrappers - m.Wrappers/2)
	if m.Bytes {
		h = ops.WithAllocator[byte](h, c.bytes)
	}
	if c.program.Strand {
		h = ops.WithExecutor(h, c.run.strand)
	}
	if c.program.Cancels {
		h = ops.WithCancelSlot(h, &c.slot)
	}
	if c.run.wrap != nil {
		h = c.run.wrap(h)
	}
	return h, expect
}

// entry is the innermost layer of a handler.
type entry struct {
	operation
	lane *lane
	told bool
}

func (e *entry) Complete(n int, err error) {
	defer e.enter(n, err)()
	if e.lane.program.Strand {
		defer e.lane.run.alone.enter(e.lane)()
	}
	if !e.told { // a second call is the ledger's affair
		e.told = true
		e.lane.completed(e.operation, n, err)
	}
}

func (e *entry) Abandon() { e.abandoned(0) }

// passing is a layer of a handler that passes everything on.
type passing struct {
	handler ops.Handler
	operation
	number int
}

func (l *passing) Complete(n int, err error) { l.handler.Complete(n, err) }
func (l *passing) Unwrap() ops.Handler       { return l.handler }
func (l *passing) Abandon()                  { l.abandoned(l.number) }

// answering is a layer of a type that answers for its memory itself.
type answering struct {
	passing
	alloc *watched[ops.Operation]
}

func (a *answering) Allocator() allocator.Allocator[ops.Operation] { return a.alloc }
