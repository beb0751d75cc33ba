package chains

import (
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// composed is the state of a composed operation, which consists of a wait and
// of another one, as deep as there are levels.
type composed struct {
	chain  *chainRun
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
func startCompose(c *chainRun, s *Step, h ops.Handler) {
	if s.Depth == 0 {
		c.timer.Wait(0, h)
		return
	}
	h = ops.WithAllocator(h, frames(c))
	ops.Compose(c.executor(), h, composed{chain: c, levels: s.Depth - 1}, composedStep)
}

func composedStep(f *ops.Frame[composed], n int, err error) {
	s := &f.State
	switch {
	case err != nil:
		f.Return(0, err)
	case !s.waited:
		s.waited = true
		s.chain.chain.Part(func() { s.chain.timer.Wait(0, f) })
	case s.levels > 0:
		below := composed{chain: s.chain, levels: s.levels - 1}
		s.levels = 0
		s.chain.chain.Part(func() { ops.Compose(below.chain.executor(), f, below, composedStep) })
	default:
		f.Return(n, nil)
	}
}

// frames returns the allocator of the chain's frames.
func frames(c *chainRun) *contract.Watched[ops.Frame[composed]] {
	if c.frames == nil {
		c.frames = contract.Watch[ops.Frame[composed]](c.chain, nil).Named("the allocator of frames of chain " + c.chain.Name())
	}
	return c.frames
}
