package main

import (
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// Each way to break the contract is counted, and keeping it is not.
func TestContract(t *testing.T) {
	type chain struct {
		*contract
		block []ops.Operation
	}
	allocate := func(c *chain) { c.block, _ = c.Allocate(1) }
	deallocate := func(c *chain) { c.Deallocate(c.block) }
	start := func(c *chain) { c.starts(); allocate(c); c.started() }
	for _, test := range []struct {
		name     string
		do       func(c *chain)
		violated bool
	}{
		{"kept", func(c *chain) {
			for range 3 {
				start(c)
				deallocate(c)
				c.ended()
			}
		}, false},
		{"abandoned", func(c *chain) { start(c); deallocate(c) }, false},
		{"Associated", func(c *chain) { c.starts(); c.started(); c.ended() }, true},
		{"SameBlock/foreign", func(c *chain) {
			start(c)
			c.Deallocate(make([]ops.Operation, 1))
			deallocate(c)
			c.ended()
		}, true},
		{"SameBlock/twice", func(c *chain) { start(c); deallocate(c); deallocate(c); c.ended() }, true},
		{"ReleasedFirst", func(c *chain) { start(c); c.ended(); deallocate(c) }, true},
		{"OneAtATime", func(c *chain) { c.busy.Store(true); start(c); deallocate(c); c.ended() }, true},
		{"OnceAndLater/inline", func(c *chain) { c.starts(); allocate(c); deallocate(c); c.ended(); c.started() }, true},
		{"OnceAndLater/twice", func(c *chain) { start(c); deallocate(c); c.ended(); c.ended() }, true},
		{"Abandonment", start, true},
		{"PeakBlocks", func(c *chain) {
			start(c)
			first := c.block
			allocate(c)
			deallocate(c)
			c.Deallocate(first)
			c.ended()
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &chain{contract: &contract{parent: allocator.Heap[ops.Operation]{}}}
			test.do(c)
			if n := c.violations(); n > 0 != test.violated {
				t.Errorf("%d violations", n)
			}
		})
	}
}
