package chains

import (
	"errors"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestExploreCounts says that every sequence of answers is tried, once.
func TestExploreCounts(t *testing.T) {
	for _, test := range []struct {
		name    string
		run     func(c Chooser)
		options []Option
		want    int
	}{
		{name: "no question", run: func(Chooser) {}, want: 1},
		{name: "one question", run: func(c Chooser) { c.Choose(5, "") }, want: 5},
		{name: "2×3", run: func(c Chooser) { c.Choose(2, ""); c.Choose(3, "") }, want: 6},
		{name: "2×3, one deviation", run: func(c Chooser) { c.Choose(2, ""); c.Choose(3, "") }, options: []Option{Deviations(1)}, want: 4},
		{name: "2^10", run: func(c Chooser) { ask(c, 10) }, want: 1024},
		{name: "2^10, no deviation", run: func(c Chooser) { ask(c, 10) }, options: []Option{Deviations(0)}, want: 1},
		{name: "2^10, two deviations", run: func(c Chooser) { ask(c, 10) }, options: []Option{Deviations(2)}, want: 1 + 10 + 45},
		{name: "a question that an answer leads to", run: func(c Chooser) {
			if c.Choose(3, "") == 2 {
				c.Choose(4, "")
			}
		}, want: 2 + 4},
		{name: "orders of 4", run: func(c Chooser) {
			for n := 4; n > 0; n-- {
				c.Choose(n, "")
			}
		}, want: 24},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := make(map[string]bool)
			got, _, err := ExploreAll(func(c Chooser) error {
				r := &recording{Chooser: c}
				test.run(r)
				if seen[r.token()] {
					t.Errorf("%q was tried twice", r.token())
				}
				seen[r.token()] = true
				return nil
			}, test.options...)
			if got != test.want || err != nil {
				t.Errorf("got %d schedules, %v, want %d", got, err, test.want)
			}
		})
	}
}

func ask(c Chooser, times int) {
	for range times {
		c.Choose(2, "")
	}
}

// TestExploreFinds says that the path to a failure leads there again.
func TestExploreFinds(t *testing.T) {
	rare := errors.New("rare")
	run := func(c Chooser) error {
		sum := 0
		for i := range 8 {
			sum = 2*sum + c.Choose(2, "")*(i%2)
		}
		if sum == 0b01000101 {
			return rare
		}
		return nil
	}
	_, path, err := ExploreAll(run)
	if !errors.Is(err, rare) {
		t.Fatalf("not found: %v", err)
	}
	c, err := Replay(path)
	if err != nil || !errors.Is(run(c), rare) {
		t.Errorf("the path %q does not lead there: %v", path, err)
	}
	if _, _, err := ExploreAll(run, Schedules(10)); !errors.Is(err, ErrTooMany) {
		t.Errorf("with a bound of 10 runs: %v", err)
	}
	calls := 0
	_, _, err = ExploreAll(func(c Chooser) error { calls++; c.Choose(1+calls, ""); return nil })
	if err == nil || !strings.Contains(err.Error(), "depends on more") {
		t.Errorf("a run that is never the same: %v", err)
	}
}

// smallProgram is two chains of three steps each: the first cancels what the second has
// outstanding, and the second closes the proactor.
func smallProgram() Program {
	return Program{
		Links: []Link{{Network: "tcp"}},
		Chains: []Chain{
			{Name: "client", Memory: Association{Style: Method, Slot: true}, Steps: []Step{
				{Kind: "connect"}, {Kind: "write full", Size: 2}, {Kind: "cancel", Chain: 1},
			}},
			{Name: "server", Memory: Association{Style: Bound}, Cancels: true, Steps: []Step{
				{Kind: "accept"}, {Kind: "read full", Size: 2}, {Kind: "stop"},
			}},
		},
	}
}

// smallWeather is that in which all schedules of the small program are explored.
var smallWeather = sim.Weather{AtOnce: 2, Overtake: 2, SlowCancel: 2, Partial: 2, Spurious: 2}

// TestExplore runs the small program in every order there is.
func TestExplore(t *testing.T) {
	skipUnderRace(t)
	n := Explore(t, smallProgram(), In(smallWeather))
	t.Logf("2 chains of 3 steps, with a cancel and a proactor that is closed: %d schedules, all of them", n)
	many := smallWeather
	many.Lag, many.Stale, many.Few, many.Delay = 2, 2, 2, 2
	n = Explore(t, smallProgram(), In(many), Deviations(3))
	t.Logf("with late and stale completions and delays: %d schedules with at most 3 deviations", n)
	if n == 0 {
		t.Error("none was explored")
	}
}

// TestExploreRareFault says that a fault is found that needs a rare schedule: a
// stale completion of an operation comes when its place has the next one.
func TestExploreRareFault(t *testing.T) {
	temporaryIn(t, scratch(t))
	weather := sim.Weather{Stale: 2}
	faulty := Faulty(sim.Faults{StaleCompletion: true})
	plain, err := RunSimulated(smallProgram(), sim.Calm, In(weather), faulty)
	if err != nil || len(plain.Violations) > 0 {
		t.Fatalf("the plain schedule shows it already: %v, %v", plain, err)
	}
	out := failing(t, func(tb testing.TB) { Explore(tb, smallProgram(), In(weather), faulty) })
	for _, want := range []string{"schedule ", "chains.Replay(", "▲"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
}
