package chains

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// SameTraces draws programs in which the order of events in each chain is
// determined, and checks that it is the same on the simulated platform and on
// each of those that are given, by name: what was started, when memory was
// taken and given back, and what the handlers were told. How the chains
// intermingle is up to the platform.
//
// Such a program cancels, aborts and closes nothing while it is outstanding,
// transfers in full, and waits for no packet that has not been sent. The
// simulated platform has a random weather in which nothing fails, unless [In]
// fixes another one. Runs are judged as [Platform] does.
func SameTraces(t testing.TB, platforms map[string]Opener, options ...Option) {
	t.Helper()
	c := configOf("SameTraces", options)
	var failed *Report
	defer keepPicture(t, &failed)
	if c.replay != nil {
		compareTraces(t, draw(c.replay, c.runners).settled(), 0, platforms, c, &failed)
		return
	}
	programs := rapid.Custom(func(t *rapid.T) Program { return draw(Drawn(t), c.runners).settled() })
	rapid.Check(t, func(t *rapid.T) {
		t.Helper()
		seed := rapid.Uint64().Draw(t, "seed of the simulated platform")
		compareTraces(t, programs.Draw(t, "program"), seed, platforms, c, &failed)
	})
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

func compareTraces(t rapid.TB, p Program, seed uint64, platforms map[string]Opener, c config, failed **Report) {
	t.Helper()
	if c.weather == nil {
		c.weather = &harmless
	}
	alone := p
	alone.Runners = min(p.Runners, 1)
	s := &simulation{program: alone, chooser: &recording{Chooser: Seed(seed)}}
	s.run(c)
	s.verify(t, failed)
	want := s.played.ledger.Trace()
	s.discard()
	for _, name := range slices.Sorted(maps.Keys(platforms)) {
		r := newRun(p, c)
		violations, err := r.execute(platforms[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		diff := cmp.Diff(want, r.ledger.Trace())
		if len(violations) == 0 && diff == "" {
			continue
		}
		if len(violations) == 0 {
			violations = []contract.Violation{{Text: "the events of a chain are not those on the simulated platform"}}
		}
		report := r.report(violations)
		*failed = report
		t.Logf("on %s:\n%s", name, report)
		if diff != "" {
			t.Logf("- simulated, + %s:\n%s", name, diff)
		}
		t.Fatalf("%s", violations[0].Kind())
	}
}
