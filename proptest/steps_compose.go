package proptest

import (
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
)

// composed is the state of a composed operation, which consists of a wait and
// of another one, as deep as there are levels.
type composed struct {
	lane   *lane
	levels int // below
	waited bool
}

func drawCompose(d *drawing, s *Step) bool {
	s.Depth = d.Choose(maxDepth+1, "depth")
	return true
}

// maxDepth bounds how deep composed operations are nested.
const maxDepth = 3

func depthText(s *Step) string { return fmt.Sprintf("of depth %d", s.Depth) }

// startCompose starts frames within frames, or, at depth 0, a wait.
func startCompose(c *lane, s *Step, h ops.Handler) {
	if s.Depth == 0 {
		c.timer.Wait(0, h)
		return
	}
	h = ops.WithAllocator(h, frames(c))
	ops.Compose(c.executor(), h, composed{lane: c, levels: s.Depth - 1}, composedStep)
}

func composedStep(f *ops.Frame[composed], n int, err error) {
	s := &f.State
	switch {
	case err != nil:
		f.Return(0, err)
	case !s.waited:
		s.waited = true
		s.lane.chain.part(func() { s.lane.timer.Wait(0, f) })
	case s.levels > 0:
		below := composed{lane: s.lane, levels: s.levels - 1}
		s.levels = 0
		s.lane.chain.part(func() { ops.Compose(below.lane.executor(), f, below, composedStep) })
	default:
		f.Return(n, nil)
	}
}

// frames returns the allocator of the chain's frames.
func frames(c *lane) *watched[ops.Frame[composed]] {
	if c.frames == nil {
		c.frames = watch[ops.Frame[composed]](c.run.ledger, c.chain, nil, "the allocator of frames of chain "+c.chain.name)
	}
	return c.frames
}
