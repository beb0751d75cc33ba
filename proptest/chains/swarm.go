package chains

// A swarm leaves out, in half of the programs, a random half of what may happen. So
// the rest happens more often, and faults that show only where something else never
// happens are found too (A. Groce et al., Swarm Testing, 2012). The half is one of
// everything, and not only of what is rare, because what hides a fault is often common:
// every read hides a fault that needs a full buffer, and which it is nobody knows
// beforehand. The simplest swarm leaves out nothing.
type swarm uint16

// drawSwarm draws which half is left out.
func drawSwarm(c Chooser, what string) swarm {
	if c.Choose(2, what) == 0 {
		return 0
	}
	return swarm(1 + c.Choose(1<<16-1, what+", which"))
}

// without reports whether what has this name is left out.
func (s swarm) without(name string) bool {
	if s == 0 {
		return false
	}
	h := uint32(2166136261) // FNV-1a: the same on every run
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	h = (h ^ uint32(s)) * 16777619
	h = (h ^ uint32(s>>8)) * 16777619
	return h>>16&1 == 1
}
