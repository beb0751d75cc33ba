package chains

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// TestSimulated runs arbitrary chains in arbitrary weather.
func TestSimulated(t *testing.T) {
	for runners := range 3 {
		t.Run(fmt.Sprintf("%d runners", runners), func(t *testing.T) { Simulated(t, Runners(runners)) })
	}
}

// TestSimulatedRepeats says that the same choices make the same run, event by
// event, but for where in memory the blocks are; also where several goroutines run
// the proactor.
func TestSimulatedRepeats(t *testing.T) {
	type course struct {
		Timeline *contract.Timeline // with every event that shows, and its time
		Trace    map[string][]string
		Events   int
	}
	same := cmp.AllowUnexported(contract.Timeline{})
	for runners := 1; runners <= 3; runners++ {
		trace := func(by Chooser) course {
			s := simulate(by, []Option{Runners(runners)})
			s.verify(t, new(*Report))
			l := s.played.ledger
			return course{l.Timeline(), l.Trace(), l.Events()}
		}
		for seed := range uint64(checks) {
			recorded := &recording{Chooser: Seed(seed)}
			first := trace(recorded)
			if diff := cmp.Diff(first, trace(Seed(seed)), same); diff != "" {
				t.Fatalf("seed %d has made two runs with %d runners:\n%s", seed, runners, diff)
			}
			if runners > 1 && seed%4 > 0 {
				continue // which takes less time
			}
			replayed, err := Replay(recorded.token())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, trace(replayed), same); diff != "" {
				t.Fatalf("the token of seed %d makes another run with %d runners:\n%s", seed, runners, diff)
			}
		}
		if cmp.Equal(trace(Seed(1)), trace(Seed(2)), same) {
			t.Error("two seeds have made the same run")
		}
	}
}

// TestSimulatedShrinks says that what fails on the simulated platform becomes a
// small program: the one chain, or the two at the ends of a connection, that
// show the fault.
func TestSimulatedShrinks(t *testing.T) {
	if race.Enabled {
		t.Skip("has a limited time to shrink, of which the race detector takes most")
	}
	temporaryIn(t, scratch(t))
	testflag.Set(t, "rapid.seed", "1")
	late := Wrapping(releaseLate(func(error) bool { return true }))
	for _, test := range []struct {
		fault         string
		option        Option
		chains, steps int // at most
	}{
		{"released after the handler", late, 1, 1},
		{"WriteAfterCancel", Faulty(sim.Faults{WriteAfterCancel: true}), 2, 12},
		{"LateWrite", Faulty(sim.Faults{LateWrite: true}), 2, 12},
		{"a Conn looked at late", Wrapping(usingLate(lateUses[0].use)), 2, 12},
	} {
		t.Run(test.fault, func(t *testing.T) {
			out := failing(t, func(tb testing.TB) { Simulated(tb, Runners(1), test.option) })
			by, err := Replay(lastToken(t, out))
			if err != nil {
				t.Fatal(err)
			}
			s := simulate(by, []Option{Runners(1), test.option})
			if len(s.violations) == 0 {
				t.Fatalf("the run that was replayed has not failed:\n%s", s.report())
			}
			steps := 0
			for _, c := range s.program.Chains {
				steps += len(c.Steps)
			}
			if chains := len(s.program.Chains); chains > test.chains || steps > test.steps {
				t.Errorf("%d chains and %d steps are left, want at most %d and %d:\n%s", chains, steps, test.chains, test.steps, s.report())
			}
		})
	}
}

// BenchmarkSimulated measures random chain steps, with all that judges them.
func BenchmarkSimulated(b *testing.B) {
	steps := 0
	seed := uint64(0)
	for b.Loop() {
		s := simulate(Seed(seed), []Option{Runners(0)})
		seed++
		s.verify(b, new(*Report))
		steps += s.operations()
		s.discard()
	}
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}
