package chains

import (
	"slices"

	"github.com/heirloom-go/heirloom/platform/sim"
)

// Two orders are equivalent if they differ only in the order of steps that have
// nothing to do with each other. Sleep sets (P. Godefroid, Partial-Order Methods for
// the Verification of Concurrent Systems, 1996) leave out all but one of them. An
// event that was explored sleeps while others of the same moment are explored, until
// something happens that has to do with it: before that, it would only lead to where
// it has led already.
//
// What a step has to do with is seen while it happens, in the world and in the
// handlers that it leads to. That is enough: as long as an event sleeps nothing has
// happened that touches what it touched, so that it would do the same as then. It is not
// enough where handlers run code of users, through which chains may share anything.

// mayShare reports whether steps of the program may have to do with each other through what
// is in no footprint.
func (c config) mayShare(p Program) bool {
	// With several runners every turn counts as dependent on all others. It may touch the queue of
	// the proactor, the order of its timers and who waits there, of which the world sees nothing.
	return p.Runners > 1 || !c.independent && (c.wrap != nil || c.memory != nil || p.hasRegistered())
}

// A footprint is what a step has to do with.
type footprint map[thing]bool

type thing struct {
	kind   string
	number int
}

// independent reports whether two steps have nothing to do with each other.
func (f footprint) independent(of footprint) bool {
	everything := thing{kind: sim.Everything}
	if f[everything] || of[everything] {
		return false
	}
	for t := range f {
		if of[t] {
			return false
		}
	}
	return true
}

// A moment is a place in a path where events can happen.
type moment struct {
	events   []uint64
	asleep   map[uint64]footprint // what need not happen now
	explored []footprint          // of each event that has happened here, by all that it has led to
	step     footprint            // of the one that happens in this run
}

// newMoment returns the moment that follows on a step of another, which is nil for the
// first.
func newMoment(events []uint64, before *moment, chosen int) *moment {
	m := &moment{events: slices.Clone(events), asleep: make(map[uint64]footprint), explored: make([]footprint, len(events))}
	if before == nil {
		return m
	}
	stays := func(event uint64, f footprint) {
		if f.independent(before.step) && slices.Contains(events, event) {
			m.asleep[event] = f
		}
	}
	for event, f := range before.asleep {
		stays(event, f)
	}
	for i, f := range before.explored[:chosen] {
		if f != nil { // else it slept
			stays(before.events[i], f)
		}
	}
	return m
}

// awake returns the first event from the given one on that need not sleep, or -1.
func (m *moment) awake(from int) int {
	for i := from; i < len(m.events); i++ {
		if _, asleep := m.asleep[m.events[i]]; !asleep {
			return i
		}
	}
	return -1
}

// touch adds to the footprint of the step that happens.
func (m *moment) touch(chosen int, t thing) {
	if m.explored[chosen] == nil {
		m.explored[chosen] = make(footprint)
	}
	m.explored[chosen][t] = true
	m.step[t] = true
}
