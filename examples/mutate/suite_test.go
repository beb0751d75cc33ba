package main

import (
	"slices"
	"testing"
	"time"
)

// clampSuite returns the suite of the package in testdata, and mutants in the order
// of their changes.
func clampSuite(t *testing.T, changes ...string) (*suite, []mutant) {
	t.Helper()
	packages, err := load(t.Context(), []string{"./testdata/clamp"})
	if err != nil {
		t.Fatal(err)
	}
	all := packages[0].mutants(nil)
	var mutants []mutant
	for i, change := range changes {
		at := slices.IndexFunc(all, func(m mutant) bool { return m.change == change })
		if at < 0 {
			t.Fatalf("there is no mutant %q", change)
		}
		all[at].id = i + 1
		mutants = append(mutants, all[at])
	}
	s, err := newSuite(t.Context(), config{timeout: 30}, packages[0], mutants, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s, mutants
}

// Tests that take longer than they did, because the machine is slower by now, are no
// sign of a mutant that hangs.
func TestTrySlowMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests some times")
	}
	s, mutants := clampSuite(t, "n + Step => n - Step", "n > high => !(n > high)")
	if s.alone != nil {
		t.Errorf("the mutants share no build: %v", s.alone)
	}
	s.tests[0].limit = time.Nanosecond // what they took once
	for i, want := range []verdict{survived, killed} {
		if v, test, err := s.try(t.Context(), mutants[i]); v != want || err != nil {
			t.Errorf("%v: verdict is %d, by %q, error is %v, want %d", mutants[i], v, test, err, want)
		}
	}
}

// The tests of a package may be chosen, and have arguments of their own.
func TestTestsOf(t *testing.T) {
	c := config{run: "A", args: "-x -y"}
	for element, want := range map[string][]string{
		"p":             {"p", "A", "-x", "-y"},
		"p=":            {"p", "", "-x", "-y"},
		"p=B":           {"p", "B", "-x", "-y"},
		"p=B -modes=b ": {"p", "B", "-x", "-y", "-modes=b"},
	} {
		name, only, args := c.testsOf(element)
		if got := append([]string{name, only}, args...); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", element, got, want)
		}
	}
}
