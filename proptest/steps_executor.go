package proptest

import (
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

func startPost(c *lane, _ *Step, h ops.Handler)     { ops.Post(c.executor(), h) }
func startDispatch(c *lane, _ *Step, h ops.Handler) { ops.Dispatch(c.executor(), h) }
func startDefer(c *lane, _ *Step, h ops.Handler)    { ops.Defer(c.executor(), h) }

// executor returns where the chain's handlers run.
func (c *lane) executor() ops.Executor {
	if c.program.Strand {
		return c.run.strand
	}
	return c.run.proactor
}

// exclusion notices handlers of one strand that run at the same time.
type exclusion struct{ inside atomic.Int32 }

// enter is called by a handler of the lane that begins, and returns what it
// calls when it ends.
func (x *exclusion) enter(c *lane) (leave func()) {
	raceOff() // or the counter would order what the strand has to order
	first := x.inside.Add(1) == 1
	raceOn()
	if !first {
		c.run.ledger.failed(allocator.OneAtATime, "two handlers of one strand run at the same time, one of them of chain "+c.chain.name)
		c.run.stop()
	}
	c.run.strandTouched++
	return func() {
		raceOff()
		x.inside.Add(-1)
		raceOn()
	}
}
