package chains

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// outcomes runs a program in every order, or in those that do not come to the same, and
// returns how many there were, and what has happened to the chains in them.
func outcomes(p Program, weather sim.Weather, everyOrder bool, most int) (schedules int, all map[string]bool, err error) {
	c := newConfig(nil)
	c.weather, c.everyOrder, c.schedules = &weather, everyOrder, most
	all = make(map[string]bool)
	schedules, _, err = c.search(func(by Chooser) error {
		s := &simulation{program: p, chooser: &recording{Chooser: by}}
		if s.run(c); s.err != nil {
			return s.err
		}
		var b strings.Builder
		trace := s.played.ledger.Trace()
		for _, name := range slices.Sorted(maps.Keys(trace)) {
			fmt.Fprintln(&b, name, trace[name])
		}
		for _, v := range s.violations {
			fmt.Fprintln(&b, v)
		}
		if !by.(*explorer).pruned { // else another run comes to the same
			all[b.String()] = true
		}
		s.discard()
		return nil
	})
	return schedules, all, err
}

// threeChains is a program of three chains of four or five steps: two talk and close their
// connection, the first cancels what the third has outstanding, and an allocator of the
// second fails. Nobody closes the proactor.
func threeChains() Program {
	return Program{
		Links: []Link{{Network: "tcp"}},
		Chains: []Chain{
			{Name: "client", Memory: Association{Style: Method, Slot: true}, Steps: []Step{
				{Kind: "connect"}, {Kind: "write full", Size: 2}, {Kind: "read full", Size: 2}, {Kind: "cancel", Chain: 2}, {Kind: "close"},
			}},
			{Name: "server", Memory: Association{Style: Bound}, Steps: []Step{
				{Kind: "accept"}, {Kind: "read full", Size: 2}, {Kind: "write full", Size: 2, Refuse: 1}, {Kind: "close"},
			}},
			{Name: "alone", Memory: Association{Style: Bound}, Cancels: true, Steps: []Step{
				{Kind: "send"}, {Kind: "write at", Size: 64}, {Kind: "send"}, {Kind: "sync"},
			}},
		},
	}
}

// TestSleepSets says that no outcome of a program is missed when orders that come to the
// same are left out, and how many are.
func TestSleepSets(t *testing.T) {
	skipUnderRace(t)
	const most = 600
	programs := []Program{smallProgram(), threeChains()}
	for seed := range uint64(12) {
		programs = append(programs, drawSized(Seed(seed), 0, []int{1, 5}))
	}
	every, reduced, compared := 0, 0, 0
	for _, p := range programs {
		weather := sim.Weather{Interleave: true}
		n, want, err := outcomes(p, weather, true, most)
		if errors.Is(err, ErrTooMany) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		m, got, err := outcomes(p, weather, false, most)
		if err != nil {
			t.Fatalf("%v\n%s", err, p)
		}
		for o := range want {
			if !got[o] {
				t.Fatalf("this outcome is missed:\n%s\nof\n%s", o, p)
			}
		}
		if m > n {
			t.Errorf("%d orders are run of %d, of\n%s", m, n, p)
		}
		every, reduced, compared = every+n, reduced+m, compared+1
	}
	t.Logf("%d programs: %d of %d orders were run, with the same outcomes", compared, reduced, every)
	if compared < len(programs)/3 {
		t.Errorf("only %d of %d programs are small enough to compare", compared, len(programs))
	}
}

// TestExploreThree explores all of threeChains, and says that it takes a twentieth of all
// orders at most.
func TestExploreThree(t *testing.T) {
	skipUnderRace(t)
	every, want, err := outcomes(threeChains(), sim.Weather{Interleave: true}, true, -1)
	if err != nil {
		t.Fatal(err)
	}
	reduced, got, err := outcomes(threeChains(), sim.Weather{Interleave: true}, false, -1)
	if err != nil {
		t.Fatal(err)
	}
	if reduced*20 > every || len(got) != len(want) {
		t.Errorf("%d of %d orders are run, for %d of %d outcomes", reduced, every, len(got), len(want))
	}
	t.Logf("%d of %d orders, %d outcomes", reduced, every, len(got))
	n := Explore(t, threeChains(), In(sim.Weather{Interleave: true, SlowCancel: 2, AtOnce: 2}))
	t.Logf("with late cancellations and operations that end at once: %d orders", n)
}

// TestExploreMutants says that the verdict on every mutant is the same when orders are left
// out, and that at most a twentieth of them is run.
func TestExploreMutants(t *testing.T) {
	skipUnderRace(t)
	every, reduced, left := 0, 0, 0
	for _, m := range mutants() {
		if m.clause == contract.AnyGoroutine {
			continue // in a world of one goroutine the ledger does not ask which one calls
		}
		left++
		t.Run(m.clause.Name()+"/"+m.fault, func(t *testing.T) {
			var found [2]map[contract.Clause]bool
			var ran [2]int
			closing := threeChains() // the proactor
			closing.Chains[0].Memory = Association{Style: Bound, Inner: true, Wrappers: 2}
			closing.Chains[1].Strand = true
			closing.Chains[2].Memory = Association{Style: Standard}
			closing.Chains[2].Steps[3] = Step{Kind: "stop"}
			for i := range found {
				found[i] = make(map[contract.Clause]bool)
				c := newConfig([]Option{Wrapping(m.wrap), Memory(m.memory)})
				c.open = m.open
				c.weather = &sim.Weather{Interleave: true, SlowCancel: 2}
				for _, p := range []Program{threeChains(), closing} {
					c.everyOrder = i == 0
					n, _, err := c.search(func(by Chooser) error {
						s := &simulation{program: p, chooser: &recording{Chooser: by}}
						if s.run(c); s.err != nil {
							return s.err
						}
						if len(s.violations) > 0 {
							found[i][s.violations[0].Clause] = true
						}
						s.discard()
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
					ran[i] += n
				}
			}
			if len(found[1]) == 0 || !maps.Equal(found[0], found[1]) {
				t.Errorf("of all orders %v, and of some %v are found broken", found[0], found[1])
			}
			t.Logf("%d of %d orders: %v", ran[1], ran[0], slices.Sorted(maps.Keys(found[1])))
			every, reduced, left = every+ran[0], reduced+ran[1], left-1
		})
	}
	t.Logf("%d of %d orders", reduced, every)
	if left == 0 && reduced*20 > every { // not if -run has selected some
		t.Errorf("%d of %d orders are run, of all mutants", reduced, every)
	}
}

// TestSampled says that random orders find a fault that the plain one does not show: the
// wait ends before the write that it is to see.
func TestSampled(t *testing.T) {
	temporaryIn(t, scratch(t))
	weather := In(sim.Weather{Interleave: true, Stale: 2})
	faulty := Faulty(sim.Faults{StaleCompletion: true})
	out := failing(t, func(tb testing.TB) { Explore(tb, threeChains(), weather, faulty, Sampled(2000, 3)) })
	if !strings.Contains(out, "of depth 3") {
		t.Errorf("no seed is printed in\n%s", out)
	}
	token, err := Replay(lastToken(t, out))
	if err != nil {
		t.Fatal(err)
	}
	report, err := RunSimulated(threeChains(), token, weather, faulty)
	if err != nil || len(report.Violations) == 0 {
		t.Errorf("the path does not lead there again: %v, %v", report, err)
	}
	if n := Explore(t, threeChains(), Sampled(300, 3)); n != 300 {
		t.Errorf("%d orders were run, want 300", n)
	}
}
