package chains

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var samePrograms = cmpopts.IgnoreUnexported(Program{})

// TestReplay says that the token of a program draws it again.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Draw(Rapid(t))
		again, err := Replay(p.token)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, Draw(again), samePrograms); diff != "" {
			t.Errorf("the replayed program differs (-drawn +replayed):\n%s", diff)
		}
	})
}

func TestReplayBad(t *testing.T) {
	for _, token := range []string{"!", "gA"} {
		if _, err := Replay(token); err == nil {
			t.Errorf("Replay(%q) has not failed", token)
		}
	}
}

// TestSimplest says what programs shrink to.
func TestSimplest(t *testing.T) {
	nothing, err := Replay("")
	if err != nil {
		t.Fatal(err)
	}
	want := Program{Runners: 1, Chains: []Chain{{Name: "alone", Steps: []Step{{Kind: "post"}}}}}
	if diff := cmp.Diff(want, Draw(nothing), samePrograms); diff != "" {
		t.Errorf("the simplest program differs (-want +got):\n%s", diff)
	}
}

// TestSteps says that every kind of step is drawn, and how often.
func TestSteps(t *testing.T) {
	seen := make(map[string]int)
	for seed := range uint64(checks) {
		for _, c := range Draw(Seed(seed)).Chains {
			for _, s := range c.Steps {
				seen[s.Kind]++
			}
		}
	}
	for _, k := range kinds {
		if seen[k.name] == 0 {
			t.Errorf("no step %q in %d programs", k.name, checks)
		}
	}
	t.Log(seen)
}
