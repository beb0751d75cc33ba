package platform

import (
	"slices"
	"testing"
)

// TestLookupsDropped drops any of those that wait for a goroutine, also more than once:
// the others are done, in their order, and one that comes later is the last.
func TestLookupsDropped(t *testing.T) {
	for mask := range 1 << 3 {
		all := lookups{running: maxLookups}
		var waiting [3]lookup
		for i := range waiting {
			all.start(&waiting[i])
		}
		var want []*lookup
		for i := range waiting {
			l := &waiting[i]
			if mask>>i&1 == 0 {
				want = append(want, l)
				continue
			}
			all.drop(l)
			all.drop(l)
		}
		late := new(lookup)
		all.start(late)
		want = append(want, late)

		var got []*lookup
		for l := all.take(); l != nil && len(got) <= len(waiting); l = all.take() {
			all.drop(l) // it does not wait any more
			got = append(got, l)
		}
		if !slices.Equal(got, want) {
			t.Errorf("dropped %03b: %d are left, want %d, in their order", mask, len(got), len(want))
		}
		if all.running != maxLookups-1 {
			t.Errorf("dropped %03b: %d goroutines are left, want one less than %d", mask, all.running, maxLookups)
		}
	}
}
