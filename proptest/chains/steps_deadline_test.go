package chains

import (
	"fmt"
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/platform/sim"
)

// datedProgram is two chains of which one waits for the other with a step of a kind, whose
// deadline is moved while it is outstanding.
func datedProgram(kind string, how Cancel, runners int) Program {
	in, out := Step{Kind: "read full", Size: 5}, Step{Kind: "write full", Size: 5}
	accept, end := Step{Kind: "accept"}, Step{Kind: "end"}
	for _, s := range []*Step{&in, &out, &accept, &end} {
		if k := kindOf(kind); k.name == s.Kind || k.transfers && k.role == kindOf(s.Kind).role {
			s.Kind, s.Cancel = kind, how
		}
	}
	return Program{
		Runners: runners,
		Links:   []Link{{Network: "tcp"}},
		Chains: []Chain{
			{Name: "client", Memory: Association{Style: Method, Slot: true}, Steps: []Step{
				{Kind: "wait", Pause: 200}, {Kind: "connect"}, {Kind: "wait", Pause: 200}, out, {Kind: "wait", Pause: 200}, {Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
			{Name: "server", Memory: Association{Style: Bound, Slot: true}, Steps: []Step{
				accept, in, end, {Kind: "shut"}, {Kind: "close"},
			}},
		},
	}
}

// eachDated calls f with the name of each kind whose operations can have a deadline.
func eachDated(t *testing.T, f func(t *testing.T, kind string, how Cancel)) {
	for _, k := range kinds {
		for _, how := range []Cancel{CancelMoved, CancelPassed} {
			if k.dated() {
				t.Run(fmt.Sprintf("%s/%d", k.name, how), func(t *testing.T) { f(t, k.name, how) })
			}
		}
	}
}

// TestDeadlines moves the deadline of operations of each kind on each backend.
func TestDeadlines(t *testing.T) {
	open := backends(t)
	eachDated(t, func(t *testing.T, kind string, how Cancel) {
		for name, open := range open {
			for _, runners := range []int{0, 1, 3} {
				report, err := Run(datedProgram(kind, how, runners), open)
				if err != nil {
					t.Fatal(err)
				}
				if len(report.Violations) > 0 {
					t.Fatalf("on %s:\n%s", name, report)
				}
			}
		}
	})
}

// TestDeadlinesExplored does so on the simulated platform, in every order that differs from
// the plain one in two places. In the plain one, what waits is told.
func TestDeadlinesExplored(t *testing.T) {
	eachDated(t, func(t *testing.T, kind string, how Cancel) {
		for _, runners := range []int{0, 1} {
			p := datedProgram(kind, how, runners)
			Explore(t, p, Deviations(2), Schedules(20_000), In(sim.Weather{SlowCancel: 2, Delay: 2, Partial: 2, Spurious: 2}))
			plain := &simulation{program: p, chooser: &recording{Chooser: sim.Calm}}
			if plain.run(newConfig([]Option{In(sim.Weather{})})); plain.err != nil {
				t.Fatal(plain.err)
			}
			told := slices.Contains(plain.played.ledger.Trace()["1 server"], "told 0, i/o timeout")
			if kindOf(kind).role != sends && !told {
				t.Errorf("nobody was told:\n%s", plain.report())
			}
		}
	})
}
