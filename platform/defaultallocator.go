package platform

import (
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// recycled is the number of blocks that the default allocator keeps.
const recycled = 1024

// setAllocator sets the default allocator: the one of WithAllocator, or, if that is nil,
// one that recycles over the Go heap.
func (p *Proactor) setAllocator(a allocator.Allocator[ops.Operation]) {
	if p.alloc = a; a != nil {
		p.sharesAllocator = true
		if counts, ok := a.(interface{ Counts() combinators.Counts }); ok {
			p.blocks = func() (inUse, kept int64) { return counts.Counts().Live, 0 }
		}
		return
	}
	// What is counted is what the heap is asked for, which in the steady state is
	// nothing.
	heap := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
	recycling := combinators.NewRecycling(heap, recycled)
	// Also for a single runner: an operation may end on another proactor, and is
	// released there.
	shared := combinators.NewThreadSafe(recycling)
	p.alloc = shared
	p.blocks = func() (inUse, kept int64) {
		shared.Locked(func(allocator.Allocator[ops.Operation]) {
			kept = int64(recycling.Kept())
			inUse = heap.Counts().Live - kept
		})
		return inUse, kept
	}
}
