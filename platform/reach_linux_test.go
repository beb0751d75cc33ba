//go:build reach

package platform_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// byOthers are states that random programs of chains cannot be held to, and the tests that
// reach them.
var byOthers = map[reach.State]struct {
	why string
	by  func(*testing.T) // or nil
}{
	reach.SlotOfAnother:        {"each chain has a slot of its own: TestReach of package ops checks who shares one", nil},
	reach.BatchCanceledAtStart: {"the slot of a chain is cancelled after the start", TestContextCancelsSeveral},
	reach.QueuedBehind:         {"of a chain one operation is outstanding at a time", TestQueued},
	reach.OpenedTwice:          {"programs open no Conn that is in use", TestOpenedTwice},
	reach.BurstOver:            {"programs have few handlers at a time", TestFairness},
	reach.CancelMissed:         {"needs an operation that ends at that very moment", TestCancelMissed},
	reach.OpenedInClosing:      {"programs open nothing once they have closed", TestClosed},
	reach.LateGone:             {"needs an operation that ends at that very moment", TestLateGone},
}

// TestReach runs random programs on the simulated platform and in every mode that the engine
// can be in, and says which of its interesting states they reach. It fails if one is missed.
func TestReach(t *testing.T) {
	if !slices.Contains(platform.Backends(), "io_uring") {
		t.Skip("some of the states are those of io_uring, which is not here")
	}
	const programs = 200
	for seed := range uint64(3 * programs) {
		program := chains.Draw(chains.Seed(seed))
		report, err := chains.RunSimulated(program, chains.Seed(seed))
		if err != nil || len(report.Violations) > 0 {
			t.Fatalf("simulated: %v\n%v", err, report)
		}
	}
	run := func(name string, runners int, open chains.Opener) {
		t.Helper()
		for seed := range uint64(programs) {
			program := chains.Draw(chains.Seed(seed))
			program.Runners = runners
			report, err := chains.Run(program, open)
			if err != nil || len(report.Violations) > 0 {
				t.Fatalf("%s: %v\n%v", name, err, report)
			}
		}
	}
	for _, m := range modes() {
		if m.runners > 0 {
			m.runners = 3
		}
		var mu sync.Mutex // what is opened is in the mode that is forced then
		run(m.String(), m.runners, func(options ...platform.Option) (*platform.Proactor, error) {
			mu.Lock()
			defer mu.Unlock()
			defer forceReceive(m.receive)()
			return platform.New(append(options, platform.WithBackend(m.backend), platform.Spin(50*time.Microsecond))...)
		})
	}
	smallRing(t, false)
	for _, b := range []string{"io_uring", fakeRings[0].backend} {
		run("a small ring of "+b, 0, func(options ...platform.Option) (*platform.Proactor, error) {
			return platform.New(append(options, platform.WithBackend(b))...)
		})
	}

	reached := 0
	for i, n := range reach.Counts() {
		s := reach.State(i)
		other, others := byOthers[s]
		switch {
		case n > 0:
			reached++
			t.Logf("%9d × %v", n, s)
		case others:
			t.Logf("        0 × %v: %s", s, other.why)
		default:
			t.Errorf("never: %v", s)
		}
	}
	t.Logf("%d of %d states", reached, len(reach.States()))
}

// TestReachByOthers checks that the tests that are said to reach what random programs may
// miss do so.
func TestReachByOthers(t *testing.T) {
	for s, other := range byOthers {
		if other.by == nil {
			continue
		}
		t.Run(s.String(), func(t *testing.T) {
			before := reach.Counts()[s]
			other.by(t)
			n := reach.Counts()[s] - before
			if t.Logf("%d ×", n); n == 0 {
				t.Error("never")
			}
		})
	}
}
