package proptest

import (
	"runtime"
	"slices"
)

// Steps that start no operation.

// abort closes the connection in the midst of everything.
func (c *lane) abort(s *Step) { c.giveUp(s.Link) }

// shut ends the stream to the peer.
func (c *lane) shut(s *Step) {
	l := c.run.links[s.Link]
	if err := c.end.conn.CloseWrite(); err != nil && !l.broken.Load() && !c.run.closing.Load() && c.run.weather.Reset == 0 {
		c.chain.note("CloseWrite: %v", err)
		c.run.stop()
	}
}

// closeEnd leaves the connection.
func (c *lane) closeEnd(*Step) { c.end.leave() }

// fork begins another chain, at the same end of the connection.
func (c *lane) fork(s *Step) {
	child := c.run.lanes[s.Chain]
	if child.end = c.end; c.end != nil && child.program.uses(c.end.link.index) {
		c.end.lanes.Add(1)
	}
	child.forked = true
	child.proceed()
}

// uses reports whether a chain that is forked uses the connection of the one
// that forks it.
func (p *ChainProgram) uses(link int) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return kindOf(s.Kind).role != local && s.Kind != "stop" && s.Link == link })
}

// join waits for the end of another chain, or reports that it has come to it.
func (c *lane) join(s *Step) bool {
	child := c.run.lanes[s.Chain]
	if !child.forked {
		return true // the fork was given up with the connection
	}
	child.joiner = c
	return child.meeting.Add(1) == 2
}

// cancelChain cancels the operation that another chain has outstanding. Of its
// own none can be, as its handler is running: that is one step too late.
func (c *lane) cancelChain(s *Step) {
	other := c.run.lanes[s.Chain]
	if other != c {
		other.cancels.cancel(func() { other.slot.Cancel() })
	} else if c.slot.Cancel() {
		c.chain.note("the slot has cancelled an operation that had ended")
		c.run.stop()
	}
}

// collect has the Go runtime collect garbage.
func (c *lane) collect(*Step) {
	if c.run.collects {
		runtime.GC()
	}
}

// stop closes the proactor.
func (c *lane) stop(*Step) { c.run.close() }
