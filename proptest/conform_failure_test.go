package proptest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestCallers runs properties in each way that property tells apart. The functions have the
// names in this version of rapid that it goes by.
func TestCallers(t *testing.T) {
	var saw []string
	note := func() { saw = append(saw, caller()) }
	check := func(when string, want ...string) {
		t.Helper()
		slices.Sort(saw)
		if diff := cmp.Diff(want, slices.Compact(saw)); diff != "" {
			t.Errorf("%s, these functions of rapid run a property (-want +got):\n%s", when, diff)
		}
		saw = nil
	}

	caught(t, func(t *rapid.T) {
		note()
		if rapid.IntRange(0, 1000).Draw(t, "n") > 10 {
			t.Fatal("too large") // and is made smaller
		}
	}, "1m") // it takes no time, but must not be cut short
	check("If it fails", "accept", "checkTB", "doCheck", "findBug")

	rapid.MakeFuzz(func(t *rapid.T) { note() })(t, nil)
	check("With Go's fuzzer", "checkFuzz")
}
