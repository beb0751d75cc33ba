package chains

import (
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// associate makes the allocators of a chain.
func (c *chainRun) associate() {
	c.own = c.allocator(c.program.Memory.Slot, "the associated allocator of chain "+c.chain.Name())
	c.decoy = c.allocator(false, "an inner allocator of chain "+c.chain.Name())
	c.bytes = contract.Watch[byte](c.chain, nil).Named("the allocator of bytes of chain " + c.chain.Name())
}

func (c *chainRun) allocator(slot bool, name string) *contract.Watched[ops.Operation] {
	var parent allocator.Allocator[ops.Operation]
	switch {
	case c.run.memory != nil:
		parent = c.run.memory()
	case slot:
		parent = combinators.NewSingleSlot[ops.Operation](allocator.Heap[ops.Operation]{})
	}
	return contract.Watch(c.chain, parent).Named(name)
}

// handler returns a handler for an operation, associated as the program says,
// and what the contract promises about the operation.
func (c *chainRun) handler(o contract.Operation) (ops.Handler, contract.Expectation) {
	m := c.program.Memory
	expect := contract.Expectation{Allocator: c.run.ledger.Default().ID(), Layers: 1, Peak: 1}
	var h ops.Handler = &entry{Operation: o, chain: c}
	wrap := func(n int) {
		for range n {
			h = &passing{h, o, expect.Layers}
			expect.Layers++
		}
	}
	if m.Inner && m.Style != Standard {
		h = ops.WithAllocator[ops.Operation](h, c.decoy)
	}
	wrap(m.Wrappers / 2)
	switch m.Style {
	case Bound:
		h = ops.WithAllocator[ops.Operation](h, c.own)
		expect.Allocator = c.own.ID()
	case Method:
		h = &answering{passing{h, o, expect.Layers}, c.own}
		expect.Layers++
		expect.Allocator = c.own.ID()
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
	contract.Operation
	chain *chainRun
	told  bool
}

func (e *entry) Complete(n int, err error) {
	defer e.Enter(n, err)()
	e.chain.touch()
	if e.chain.program.Strand {
		defer e.chain.run.alone.enter(e.chain)()
	}
	e.chain.run.yield()
	defer e.chain.run.yield()
	if !e.told { // a second call is the ledger's affair
		e.told = true
		e.chain.completed(e.Operation, n, err)
	}
}

func (e *entry) Abandon() { e.Abandoned(0) }

// passing is a layer of a handler that passes everything on.
type passing struct {
	handler ops.Handler
	contract.Operation
	number int
}

func (l *passing) Complete(n int, err error) { l.handler.Complete(n, err) }
func (l *passing) Unwrap() ops.Handler       { return l.handler }
func (l *passing) Abandon()                  { l.Abandoned(l.number) }

// answering is a layer of a type that answers for its memory itself.
type answering struct {
	passing
	alloc *contract.Watched[ops.Operation]
}

func (a *answering) Allocator() allocator.Allocator[ops.Operation] { return a.alloc }
