package main

import (
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// A contract checks a chain of operations against the allocation contract, at
// a price that a server can pay for each message. It stands between the chain
// and its allocator, and the session tells it when an operation starts and
// when its handler is called. What breaks a clause is counted. proptest has the
// full judge, which also says what happened.
//
// A chain has one operation at a time and an operation has one block, so the
// contract knows exactly what to expect:
//
//	starts … Allocate … started … Deallocate … ended
type contract struct {
	parent allocator.Allocator[ops.Operation] // nil: nothing is checked

	state  phase
	block  *ops.Operation // is alive
	busy   atomic.Bool    // a call to the allocator is under way
	broken int
}

type phase uint8

const (
	resting  phase = iota // no operation is outstanding
	starting              // the function that starts one has not returned
	waiting               // its handler has not been called
)

// starts is called before an operation is started.
func (c *contract) starts() {
	if c.parent == nil {
		return
	}
	c.expect(c.state == resting)
	c.state = starting
}

// started is called when the operation was started.
func (c *contract) started() {
	if c.parent == nil {
		return
	}
	c.expect(c.state == starting) // 8 OnceAndLater: the handler was not called yet
	c.expect(c.block != nil)      // 1 Associated: the block came from here
	c.state = waiting
}

// ended is called first thing in the handler.
func (c *contract) ended() {
	if c.parent == nil {
		return
	}
	c.expect(c.state == waiting) // 8 OnceAndLater
	c.expect(c.block == nil)     // 4 ReleasedFirst
	c.state = resting
}

// Allocate implements allocator.Allocator.
func (c *contract) Allocate(n int) ([]ops.Operation, error) {
	c.expect(!c.busy.Swap(true)) // 5 OneAtATime
	c.expect(c.block == nil)     // 12 PeakBlocks
	s, err := c.parent.Allocate(n)
	if err == nil {
		c.block = &s[0]
	}
	c.busy.Store(false)
	return s, err
}

// Deallocate implements allocator.Allocator.
func (c *contract) Deallocate(s []ops.Operation) {
	c.expect(!c.busy.Swap(true)) // 5 OneAtATime
	if mine := c.block != nil && &s[:1][0] == c.block; mine {
		c.block = nil
		c.parent.Deallocate(s)
	} else {
		c.expect(false) // 3 SameBlock: foreign, or released twice
	}
	c.busy.Store(false)
}

func (c *contract) expect(ok bool) {
	if !ok {
		c.broken++
	}
}

// violations returns how often a clause was broken by a chain of which nothing
// is outstanding any more.
func (c *contract) violations() int {
	c.expect(c.block == nil) // 11 Abandonment
	n := c.broken
	c.broken = 0
	return n
}
