package chains

import "slices"

// What a step of an exploration has to do with, beyond what the simulated world sees
// of it: see sim.Scheduler. It is better to name too much than too little. What
// chains share through code of users is not seen: see config.mayShare.

func (r *run) touch(kind string, number int) {
	if r.scheduler != nil {
		r.scheduler.Touch(kind, number)
	}
}

// touch says that the step has to do with the chain, and with what its handlers share with
// those of other chains.
func (c *chainRun) touch() {
	r := c.run
	if r.scheduler == nil {
		return
	}
	r.touch("chain", c.number)
	if e := c.end; e != nil && e.link.Duplex { // one chain may cancel what the other has not started yet
		r.touch("end", 2*e.link.index+e.number)
	}
	if c.program.Strand {
		r.touch("strand", 0)
	}
	if r.program.RefuseAt > 0 { // which request that is depends on the order
		r.touch("default allocator", 0)
	}
}

func (l *linkRun) touch() { l.run.touch("link", l.index) }

// touchSessions says that the step obtains or releases memory of a session, in a program
// that uses that of one session for another.
func (r *run) touchSessions() {
	if r.handsOn {
		r.touch("memory of sessions", 0)
	}
}

// handsOn reports whether the program has the memory of a session become that of
// another.
func (p Program) handsOn() bool {
	becomes := func(d Disposal) bool { return d == Recycled || d == CopiedOver || d == Elsewhere }
	return slices.ContainsFunc(p.Links, func(l Link) bool { return l.Reuse || slices.ContainsFunc(l.Disposal[:], becomes) }) ||
		slices.ContainsFunc(p.Chains, func(c Chain) bool { return becomes(c.Disposal) })
}
