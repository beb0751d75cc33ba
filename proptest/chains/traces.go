package chains

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// SameTraces draws programs that determine the order of events in each chain. It checks
// that this order is the same on the simulated platform and on each of the given ones,
// which have names: what was started, when memory was taken and given back, and what the
// handlers were called with. How the chains interleave is up to the platform.
//
// Such a program does not cancel, abort or close anything that is outstanding, transfers
// in full, and waits for no packet that has not been sent. A busy kernel drops packets,
// even over loopback. If a packet does not arrive within two seconds, and the traces
// differ, the program is run again, up to three times in all, and the log says so. The
// simulated platform has a random weather in which nothing fails, unless [In] fixes another.
// Runs are judged as by [Platform].
func SameTraces(t testing.TB, platforms map[string]Opener, options ...Option) {
	t.Helper()
	c := configOf("SameTraces", options)
	var failed *Report
	defer keepPicture(t, &failed)
	if c.weather == nil {
		c.weather = &harmless
	}
	if c.replay != nil {
		report, err := compareTraces(t, draw(c.replay, c.runners), worldOf(c.replay), platforms, c)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if len(report.Violations) > 0 {
			report.fail(t, &failed, nil)
		}
		return
	}
	hunt(t, &failed, func(seed uint64) (*Report, []uint64, error) {
		report, err := compareTraces(t, draw(Seed(seed), c.runners), seed, platforms, c)
		return report, []uint64{seed}, err
	}, false, func(p Program, world []uint64) (*Report, error) { return compareTraces(t, p, world[0], platforms, c) }, nil)
}

// settled returns the program without what makes the order of events in a chain
// depend on the platform.
func (p Program) settled() Program {
	p.RefuseAt = 0 // whose request that is depends
	chains := slices.Clone(p.Chains)
	for i := range chains {
		var kept []Step
		for _, s := range chains[i].Steps {
			s.Cancel, s.Pause = CancelNothing, max(s.Pause, 0)
			ok := true
			if settle := kindOf(s.Kind).settle; settle != nil {
				s, ok = settle(kept, s)
			}
			if ok {
				kept = append(kept, s)
			}
		}
		chains[i].Steps = kept
	}
	p.Chains = chains
	return p
}

// harmless is a weather in which nothing fails.
var harmless = sim.Weather{
	AtOnce: 3, Delay: 4, Overtake: 2, Few: 4, Spurious: 8, Lag: 6, Stale: 8, Scribble: 4, Partial: 3,
}

// compareTraces runs a program, without what makes it depend on the platform, on the
// simulated platform in a world and on others, and reports what is wrong or differs.
func compareTraces(t testing.TB, p Program, world uint64, platforms map[string]Opener, c config) (*Report, error) {
	p = p.settled()
	s := &simulation{program: p, chooser: &recording{Chooser: Seed(world)}, oneOfMany: true}
	if s.run(c); s.err != nil {
		return nil, s.err
	}
	if len(s.violations) > 0 {
		report := s.report()
		report.about = "on the simulated platform"
		return report, nil
	}
	want := s.played.ledger.Trace()
	s.discard()
	for _, name := range slices.Sorted(maps.Keys(platforms)) {
		var r *run
		var violations []contract.Violation
		var diff string
		for attempt := range 3 {
			if attempt > 0 {
				t.Logf("a packet did not arrive on %s; the program is run again", name)
			}
			var err error
			r = newRun(p, c)
			if violations, err = r.execute(platforms[name]); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			diff = cmp.Diff(want, r.ledger.Trace())
			if len(violations) > 0 || diff == "" || !r.missedPacket() {
				break
			}
		}
		if len(violations) == 0 && diff == "" {
			continue
		}
		if len(violations) == 0 {
			violations = []contract.Violation{{Text: "the events of a chain are not those on the simulated platform"}}
		}
		report := r.report(violations)
		report.about = "on " + name
		if diff != "" {
			report.about = fmt.Sprintf("on the simulated platform (-), and on %s (+):\n%s", name, diff)
		}
		return report, nil
	}
	return &Report{Program: p}, nil
}

// missedPacket reports whether a packet did not come in time.
func (r *run) missedPacket() bool {
	return slices.ContainsFunc(r.chains, func(c *chainRun) bool { return c.mail.missed })
}
