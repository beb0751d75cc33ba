package chains

import (
	"sync/atomic"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

func startPost(c *chainRun, _ *Step, h ops.Handler)     { ops.Post(c.executor(), h) }
func startDispatch(c *chainRun, _ *Step, h ops.Handler) { ops.Dispatch(c.executor(), h) }
func startDefer(c *chainRun, _ *Step, h ops.Handler)    { ops.Defer(c.executor(), h) }

// executor returns where the chain's handlers run.
func (c *chainRun) executor() ops.Executor {
	if c.program.Strand {
		return c.run.strand
	}
	return c.run.proactor
}

// exclusion notices handlers of one strand that run at the same time.
type exclusion struct{ inside atomic.Int32 }

// enter is called by a handler of the chain that begins, and returns what it
// calls when it ends.
func (x *exclusion) enter(c *chainRun) (leave func()) {
	race.Off() // or the counter would order what the strand has to order
	first := x.inside.Add(1) == 1
	race.On()
	if !first {
		c.run.ledger.Fail(contract.OneAtATime, "two handlers of one strand run at the same time, one of them of chain "+c.chain.Name())
		c.run.stop()
	}
	c.run.strandTouched++
	return func() {
		race.Off()
		x.inside.Add(-1)
		race.On()
	}
}
