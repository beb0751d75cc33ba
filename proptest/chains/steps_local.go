package chains

import (
	"runtime"

	"github.com/heirloom-go/heirloom/platform/sim"
)

// Steps that start no operation.

// abort closes the connection in the midst of everything.
func (c *chainRun) abort(s *Step) { c.giveUp(s.Link) }

// shut ends the stream to the peer.
func (c *chainRun) shut(s *Step) {
	l := c.run.links[s.Link]
	if err := c.end.conn.CloseWrite(); err != nil && !l.broken.Load() && !c.run.closing.Load() && c.run.weather.Reset == 0 {
		c.chain.Note("CloseWrite: %v", err)
		c.run.stop()
	}
}

// closeEnd leaves the connection.
func (c *chainRun) closeEnd(*Step) { c.end.leave() }

// fork begins another chain, at the same end of the connection.
func (c *chainRun) fork(s *Step) {
	child := c.run.chains[s.Chain]
	if child.end = c.end; c.end != nil && child.program.uses(c.end.link.index) {
		c.end.chains.Add(1)
	}
	child.forked = true
	child.proceed()
}

// join waits for the end of another chain, or reports that it has come to it.
func (c *chainRun) join(s *Step) bool {
	child := c.run.chains[s.Chain]
	child.touch()
	if !child.forked {
		return true // the fork was given up with the connection
	}
	child.joiner = c
	return child.meeting.Add(1) == 2
}

// cancelChain cancels the operation that another chain has outstanding. Of its
// own none can be, as its handler is running: that is one step too late.
func (c *chainRun) cancelChain(s *Step) {
	other := c.run.chains[s.Chain]
	other.touch()
	if other != c {
		other.cancels.cancel(func() { other.slot.Cancel() })
	} else if c.slot.Cancel() {
		c.chain.Note("the slot has cancelled an operation that had ended")
		c.run.stop()
	}
}

// collect has the Go runtime collect garbage.
func (c *chainRun) collect(*Step) {
	if c.run.collects {
		runtime.GC()
	}
}

// stop closes the proactor.
func (c *chainRun) stop(*Step) {
	c.run.touch(sim.Everything, 0)
	c.run.close()
}
