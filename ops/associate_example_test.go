package ops_test

import (
	"context"
	"fmt"
	"log"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A chain whose memory is one slot. The handler is bound once, when the chain
// begins, and kept: binding allocates, and starting an operation does not. When
// the handler is called, the block is free again.
func ExampleWithAllocator() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	stats := combinators.NewStats[ops.Operation](combinators.NewSingleSlot[ops.Operation](allocator.Heap[ops.Operation]{}))
	timer := p.NewTimer()
	left := 1000
	var tick ops.Handler
	tick = ops.WithAllocator(ops.HandlerFunc(func(int, error) {
		if stats.Counts().Live != 0 {
			fmt.Println("a block is in use")
		}
		if left--; left > 0 {
			timer.Wait(0, tick)
		}
	}), stats)
	timer.Wait(0, tick)
	p.Run(context.Background())

	fmt.Println("operations:", stats.Counts().Total)
	fmt.Println("most blocks at a time:", stats.Counts().Peak)
	// Output:
	// operations: 1000
	// most blocks at a time: 1
}

// A custom operation takes its buffers from the allocator that its handler
// brings, or from a default. Of several, the outermost is used.
func ExampleAllocatorOf() {
	var h ops.Handler = ops.HandlerFunc(func(int, error) {})
	byDefault := allocator.Heap[byte]{}
	fmt.Println(allocator.Describe(ops.AllocatorOf[byte](h, byDefault)))

	inner := combinators.NewRecycling[byte](allocator.Heap[byte]{}, 1<<16)
	h = ops.WithAllocator[byte](h, inner)
	fmt.Println(allocator.Describe(ops.AllocatorOf[byte](h, byDefault)))

	outer := combinators.NewLimit[byte](inner, 1<<12)
	h = ops.WithAllocator[byte](h, outer)
	fmt.Println(allocator.Describe(ops.AllocatorOf[byte](h, byDefault)))

	fmt.Println(ops.AllocatorOf[ops.Operation](h, nil) == nil) // another type
	// Output:
	// Heap[uint8]
	// Recycling(Heap[uint8], 65536)
	// Limit(Recycling(Heap[uint8], 65536), 4096)
	// true
}
