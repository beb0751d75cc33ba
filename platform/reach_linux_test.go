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

// byOthers are states that random programs of chains cannot be held to, and who reaches
// them.
var byOthers = map[reach.State]string{
	reach.SlotOfAnother:        "each chain has a slot of its own: tests of package ops share one",
	reach.BatchCanceledAtStart: "the slot of a chain is cancelled after the start: tests of package ops cancel it before",
	reach.QueuedBehind:         "of a chain one operation is outstanding at a time: TestQueued starts several",
	reach.OpenedTwice:          "programs open no Conn that is in use: TestOpenedTwice does",
	reach.BurstOver:            "programs have few handlers at a time: TestFairness has many",
	reach.CancelMissed:         "needs an operation that ends at that very moment",
	reach.RingFull:             "the kernel takes at once what there is: it would have to refuse",
	reach.OpenedInClosing:      "needs somebody who opens at that very moment",
	reach.LateGone:             "needs an operation that ends at that very moment",
	reach.RequestInterrupted:   "needs a thread that ends, or a signal: tests of io_uring do that",
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
		report, err := chains.Simulate(program, chains.Seed(seed))
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
	run("a small ring", 0, func(options ...platform.Option) (*platform.Proactor, error) {
		return platform.New(append(options, platform.WithBackend("io_uring"))...)
	})

	reached := 0
	for i, n := range reach.Counts() {
		s := reach.State(i)
		why, others := byOthers[s]
		switch {
		case n > 0:
			reached++
			t.Logf("%9d × %v", n, s)
		case others:
			t.Logf("        0 × %v: %s", s, why)
		default:
			t.Errorf("never: %v", s)
		}
	}
	t.Logf("%d of %d states", reached, len(reach.States()))
}
