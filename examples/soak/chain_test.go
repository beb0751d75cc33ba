package main

import (
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// Each way to break the contract is seen, and keeping it is not.
func TestChain(t *testing.T) {
	type link struct {
		*chain
		block []ops.Operation
	}
	allocate := func(c *link) { c.block, _ = c.Allocate(1) }
	deallocate := func(c *link) { c.Deallocate(c.block) }
	start := func(c *link) { c.start(func() { allocate(c) }) }
	end := func(c *link) { deallocate(c); c.Complete(0, nil) }
	for _, test := range []struct {
		name     string
		do       func(c *link)
		violated bool
	}{
		{"kept", func(c *link) {
			for range 3 {
				start(c)
				end(c)
			}
		}, false},
		{"kept/abandoned", func(c *link) { start(c); deallocate(c); c.Abandon() }, false},
		{"kept/before start returns", func(c *link) {
			c.start(func() {
				allocate(c)
				ended := make(chan struct{})
				go func() { end(c); close(ended) }()
				<-ended
			})
		}, false},
		{"kept/exhausted", func(c *link) {
			c.source = allocator.Null[ops.Operation]{}
			start(c)
			c.Complete(0, allocator.ErrExhausted)
		}, false},
		{"Associated", func(c *link) { c.start(func() {}); c.Complete(0, nil) }, true},
		{"SameBlock", func(c *link) { start(c); c.Deallocate(make([]ops.Operation, 1)) }, true},
		{"ReleasedFirst", func(c *link) { start(c); c.Complete(0, nil) }, true},
		{"OneAtATime", func(c *link) { c.inside.Store(true); start(c) }, true},
		{"OnceAndLater/inline", func(c *link) { c.start(func() { allocate(c); end(c) }) }, true},
		{"OnceAndLater/twice", func(c *link) { start(c); end(c); c.Complete(0, nil) }, true},
		{"OnceAndLater/closed", func(c *link) { start(c); c.trial.closed.Store(true); end(c) }, true},
		{"OnceAndLater/overlapping", func(c *link) { start(c); c.turn.taken.Store(true); end(c) }, true},
		{"Exhaustion", func(c *link) { start(c); deallocate(c); c.Complete(0, allocator.ErrExhausted) }, true},
		{"Abandonment/lost", func(c *link) { start(c); deallocate(c); c.ended() }, true},
		{"Abandonment/block", func(c *link) { start(c); c.Abandon() }, true},
		{"PeakBlocks", func(c *link) { start(c); allocate(c) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := new(tally)
			c := &link{chain: &chain{
				trial:  &trial{tally: all},
				source: allocator.Heap[ops.Operation]{},
				turn:   new(turn),
				then:   func(int, error) {},
			}}
			test.do(c)
			if n := all.violations.Load(); n > 0 != test.violated {
				t.Errorf("%d violations", n)
			}
		})
	}
}
