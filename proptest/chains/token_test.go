package chains

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestTokenOf says that the token of a program that was made smaller has all of it, and of
// its world.
func TestTokenOf(t *testing.T) {
	world := []uint64{3, 0, math.MaxUint64, 0}
	for seed := range uint64(checks) {
		p := Draw(Seed(seed))
		by, err := Replay(tokenOf(p, world))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, Draw(by), samePrograms, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("the replayed program differs (-drawn +replayed):\n%s", diff)
		}
		if got := by.(*programmed).made; !slices.Equal(got, world) {
			t.Fatalf("the answers of the world are %d, want %d", got, world)
		}
	}
}

// TestReplayCollects says that a program that is run for its own sake, as one is that is
// replayed or made smaller, collects garbage whenever it says so: else what shows only then
// would show in one of many replays.
func TestReplayCollects(t *testing.T) {
	p := Program{Chains: []Chain{{Name: "collects", Steps: []Step{{Kind: "post"}, {Kind: "gc"}}}}}
	token, err := Replay(tokenOf(p, nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func(){
		"RunSimulated": func() { RunSimulated(p, sim.Calm) },
		"Simulated":    func() { Simulated(t, Replaying(token)) },
		"a trial":      func() { simulateIn(newConfig(nil))(p, nil) },
	} {
		for range 3 {
			before := collections()
			if run(); collections() == before {
				t.Fatalf("%s has not collected garbage", name)
			}
		}
	}
}

// collections returns how often a program has asked for garbage to be collected.
func collections() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumForcedGC
}
