package main

import (
	"testing"
	"time"
)

// Tests that take longer than they did, because the machine is slower by now, are no
// sign of a mutant that hangs.
func TestTrySlowMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests some times")
	}
	packages, err := load(t.Context(), []string{"./testdata/clamp"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]verdict{"n + Step => n - Step": survived, "n > high => !(n > high)": killed}
	var mutants []mutant
	for _, m := range packages[0].mutants() {
		if _, ok := want[m.change]; ok {
			m.id = len(mutants) + 1
			mutants = append(mutants, m)
		}
	}
	if len(mutants) != len(want) {
		t.Fatalf("the mutants are %v", mutants)
	}
	s, err := newSuite(t.Context(), config{timeout: 30}, packages[0], mutants, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if s.alone != nil {
		t.Errorf("the mutants share no build: %v", s.alone)
	}
	s.tests[0].limit = time.Nanosecond // what they took once
	for _, m := range mutants {
		if v, test, err := s.try(t.Context(), m); v != want[m.change] || err != nil {
			t.Errorf("%v: verdict is %d, by %q, error is %v, want %d", m, v, test, err, want[m.change])
		}
	}
}
