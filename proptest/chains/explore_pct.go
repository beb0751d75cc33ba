package chains

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Sampled makes [Explore] run n random orders instead of all, for programs that have too
// many. In each run, every event gets a random priority when it becomes possible. The
// event with the highest priority happens next; at depth-1 random moments it is put
// behind all others instead. This finds a fault that needs depth events to happen in a
// certain order with a probability that depends on the number of events, but not on the
// number of orders (S. Burckhardt et al., A Randomized Scheduler with Probabilistic
// Guarantees of Finding Bugs, 2010). Most faults have a depth of 1 to 3. Each of several
// runners has a priority as well. Everything else that the weather leaves open is answered
// at random.
//
// The first order has a random seed, or that of the flag -rapid.seed, and the next ones
// count up from there. A failure prints its seed. It is for [Explore].
func Sampled(n, depth int) Option {
	if n < 1 || depth < 1 {
		panic(fmt.Sprintf("chains: Sampled(%d, %d): both must be at least 1", n, depth))
	}
	return option("Sampled", func(c *config) { c.samples, c.depth = n, depth })
}

// sample runs random orders.
func (c config) sample(t testing.TB, run func(Chooser) error) (schedules int, path string, err error) {
	t.Helper()
	first := firstSeed()
	events := 16 // in a run, as far as is known
	for n := range c.samples {
		seed := first + uint64(n)
		s := newPCT(seed, c.depth, events)
		record := &recording{Chooser: s}
		if err := run(record); err != nil {
			return n + 1, record.token(), fmt.Errorf("seed %d of depth %d: %w", seed, c.depth, err)
		}
		events = max(events, s.at)
	}
	return c.samples, "", nil
}

// A pct is a sim.Scheduler that decides by priorities.
type pct struct {
	random     *rand.Rand
	priorities map[uint64]uint64 // of events, and of runners
	changes    map[int]bool      // when the first is put last
	last       uint64            // the lowest priority so far
	at         int
}

// newPCT returns a scheduler for a run of a number of events.
func newPCT(seed uint64, depth, events int) *pct {
	p := &pct{random: rand.New(rand.NewPCG(seed, 1)), priorities: make(map[uint64]uint64), changes: make(map[int]bool), last: 1 << 32}
	for range depth - 1 {
		p.changes[p.random.IntN(events)] = true
	}
	return p
}

func (p *pct) Choose(n int, _ string) int { return p.random.IntN(n) }

// Next implements sim.Scheduler.
func (p *pct) Next(events []uint64) int {
	for _, e := range events {
		if _, known := p.priorities[e]; !known {
			p.priorities[e] = 1<<32 + p.random.Uint64N(1<<32)
		}
	}
	first := p.first(events)
	if p.changes[p.at] {
		p.last--
		p.priorities[events[first]] = p.last
		first = p.first(events)
	}
	p.at++
	if events[first] == 0 {
		delete(p.priorities, 0) // the next time that time passes is another event
	}
	return first
}

// first returns the index of the event with the highest priority.
func (p *pct) first(events []uint64) int {
	first := 0
	for i, e := range events {
		if p.priorities[e] > p.priorities[events[first]] {
			first = i
		}
	}
	return first
}

// Touch implements sim.Scheduler.
func (p *pct) Touch(string, int) {}
