package chains

import (
	"flag"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// stepProgram is a program with a step where that may stand: two chains that talk, and one on
// its own.
func stepProgram(s Step, runners int) Program {
	in, out, local := Step{Kind: "read full"}, Step{Kind: "write full"}, Step{Kind: "post"}
	switch kindOf(s.Kind).role {
	case sends:
		out = s
	case receives:
		in = s
	default:
		local = s
	}
	in.Size, out.Size = 700, 700
	return Program{
		Runners: runners,
		Links:   []Link{{Network: "tcp"}},
		Chains: []Chain{
			{Name: "client", Memory: Association{Style: Method, Slot: true}, Cancels: true, Steps: []Step{
				{Kind: "connect"}, {Kind: "wait", Pause: 200}, out, {Kind: "wait", Pause: 200}, {Kind: "write", Size: 64}, {Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
			{Name: "server", Memory: Association{Style: Bound, Slot: true}, Cancels: true, Steps: []Step{
				{Kind: "accept"}, in, {Kind: "read", Size: 64}, {Kind: "end"}, {Kind: "shut"}, {Kind: "close"},
			}},
			{Name: "alone", Cancels: true, Steps: []Step{local, {Kind: "wait", Pause: 200}, local}},
		},
	}
}

// eachStep calls f with a step of each kind that may stand anywhere in a program, with each
// way to cancel it and with its allocator failing.
func eachStep(t *testing.T, f func(t *testing.T, s Step)) {
	for _, k := range kinds {
		if k.role == placed || k.start == nil {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			for _, s := range []Step{
				{}, {Refuse: 1}, {Refuse: 2}, {Cancel: CancelSlot}, {Cancel: CancelAll}, {Cancel: CancelLate}, {Cancel: CancelMoved}, {Cancel: CancelPassed},
				{After: true}, {Until: ops.UntilFirst, Pause: -1}, {Until: ops.UntilSuccess, Pause: -1}, {Until: ops.UntilError}, {Early: true, Pause: -1}, {Until: ops.UntilError, Cancel: CancelLate, Pause: 500}, {Exit: true},
			} {
				s.Kind, s.Chain = k.name, 2
				if k.mail && k.reads {
					s.Pause = 50
				}
				switch {
				case k.name != "batch" && (s.Until != 0 || s.Early), k.name != "wait signal" && s.After, k.name != "panic" && s.Exit:
				case stepProgram(s, 0).check() == nil:
					f(t, s)
				}
			}
		})
	}
}

// TestStepsRun runs a step of each kind on each backend.
func TestStepsRun(t *testing.T) {
	open := backends(t)
	eachStep(t, func(t *testing.T, s Step) {
		for name, open := range open {
			for _, runners := range []int{0, 3} {
				report, err := Run(stepProgram(s, runners), open)
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

var deviations = flag.Int("steps.deviations", 1, "in how many places TestStepsExplored deviates from the plain order")

// TestStepsExplored does so on the simulated platform, in every order that differs from the
// plain one in at most -steps.deviations places.
func TestStepsExplored(t *testing.T) {
	skipUnderRace(t)
	eachStep(t, func(t *testing.T, s Step) {
		for _, runners := range []int{0, 1} {
			Explore(t, stepProgram(s, runners), Deviations(*deviations), Schedules(20_000), In(sim.Weather{SlowCancel: 2, Delay: 2, Partial: 2, Spurious: 2}))
		}
	})
}
