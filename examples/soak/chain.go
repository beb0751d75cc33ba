package main

import (
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// A chain is the handler and the allocator of operations that follow one
// another, and judges each of them by the allocation contract. It says only
// which clause was broken, and remembers nothing of what went well, so that it
// can watch for days. proptest has the full judge, which also says what
// happened. Blocks that are released twice, or to another allocator, are found
// by the combinators.Checked behind it.
//
// The fields that the contract orders are plain ones: in a race build, an
// order that is missing is reported.
type chain struct {
	trial    *trial
	source   allocator.Allocator[ops.Operation]
	executor ops.Executor // where handlers run; nil where there is one runner
	turn     *turn
	then     func(n int, err error) // the program's own part of the handler

	timeout time.Duration // of the next operation
	slot    ops.CancelSlot

	waiting atomic.Bool // an operation is outstanding
	inside  atomic.Bool // a call to the allocator is under way
	block   *ops.Operation
	served  bool // the allocator gave a block
	refused bool // it gave none
}

// A turn says what goes on with the chains of one side. It outlives them: the
// last handler gives the memory of a session away while it is running itself, and
// so perhaps is the function that has started its operation.
type turn struct {
	taken    atomic.Bool  // a handler is running
	starting atomic.Int32 // functions that start an operation and have not returned
}

// start starts an operation by calling begin, which does nothing else.
func (c *chain) start(begin func()) {
	c.expect(!c.waiting.Swap(true), contract.OnceAndLater, "an operation was started before the last one ended")
	c.served, c.refused = false, false
	turn := c.turn
	turn.starting.Add(1)
	begin()
	turn.starting.Add(-1)
}

// Complete implements ops.Handler.
func (c *chain) Complete(n int, err error) {
	turn := c.turn
	c.expect(!turn.taken.Swap(true), contract.OnceAndLater, "two handlers of one strand ran at once")
	c.expect(c.waiting.Swap(false), contract.OnceAndLater, "a handler was called twice")
	c.expect(turn.starting.Load() == 0 || !insideStart(), contract.OnceAndLater, "a handler was called by what started its operation")
	c.expect(!c.trial.closed.Load(), contract.OnceAndLater, "a handler was called after the proactor was closed")
	c.expect(c.block == nil, contract.ReleasedFirst, "a handler was called before its block was released")
	if errors.Is(err, allocator.ErrExhausted) {
		c.expect(c.refused, contract.Exhaustion, "a handler was told of a failure that there was not")
	} else {
		c.expect(c.served, contract.Associated, "an operation took no block from its handler's allocator")
	}
	c.timeout = 0
	c.trial.operations.Add(1)
	c.then(n, err) // which may give c away
	turn.taken.Store(false)
}

// Abandon implements ops.Abandoner.
func (c *chain) Abandon() {
	c.expect(c.waiting.Swap(false), contract.Abandonment, "an operation was abandoned that was not outstanding")
	c.expect(c.block == nil, contract.Abandonment, "an operation was abandoned before its block was released")
	c.trial.count(abandoned)
}

// Allocator implements ops.Associated.
func (c *chain) Allocator() allocator.Allocator[ops.Operation] { return c }

// Executor implements ops.Located.
func (c *chain) Executor() ops.Executor { return c.executor }

// Timeout implements ops.Timed.
func (c *chain) Timeout() time.Duration { return c.timeout }

// CancelSlot implements ops.Cancelable.
func (c *chain) CancelSlot() *ops.CancelSlot { return &c.slot }

// Allocate implements allocator.Allocator.
func (c *chain) Allocate(n int) ([]ops.Operation, error) {
	c.expect(!c.inside.Swap(true), contract.OneAtATime, "calls to the allocator of a chain overlapped")
	c.expect(c.block == nil, contract.PeakBlocks, "an operation took a second block")
	s, err := c.source.Allocate(n)
	if err == nil {
		c.block, c.served = &s[0], true
	} else {
		c.refused = true
	}
	c.inside.Store(false)
	return s, err
}

// Deallocate implements allocator.Allocator.
func (c *chain) Deallocate(s []ops.Operation) {
	c.expect(!c.inside.Swap(true), contract.OneAtATime, "calls to the allocator of a chain overlapped")
	c.expect(c.block != nil && c.block == &s[:1][0], contract.SameBlock, "a block was released that is not the operation's")
	c.block = nil
	c.source.Deallocate(s)
	c.inside.Store(false)
}

// ended judges a chain whose proactor was closed.
func (c *chain) ended() {
	c.expect(!c.waiting.Load(), contract.Abandonment, "an operation neither ended nor was abandoned")
}

func (c *chain) expect(ok bool, clause contract.Clause, problem string) {
	if !ok {
		c.trial.violated("%v: %s", clause, problem)
	}
}

// insideStart reports whether chain.start is among its callers. Another
// goroutine may well call a handler before start has returned.
func insideStart() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, ".(*chain).start") {
			return true
		}
		if !more {
			return false
		}
	}
}
