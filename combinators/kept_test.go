package combinators_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// TestRecyclingKept looks at what a Recycling keeps while nobody else uses it.
func TestRecyclingKept(t *testing.T) {
	recycling := combinators.NewRecycling[int](allocator.Heap[int]{}, 8)
	shared := combinators.NewThreadSafe[int](recycling)
	want := func(want int) {
		t.Helper()
		shared.Locked(func(parent allocator.Allocator[int]) {
			if parent != recycling || recycling.Kept() != want {
				t.Errorf("%v keeps %d values, want %d", parent, recycling.Kept(), want)
			}
		})
	}
	want(0)
	s, err := shared.Allocate(3)
	if err != nil {
		t.Fatal(err)
	}
	want(0)
	shared.Deallocate(s)
	want(3)
	shared.Trim()
	want(0)
}
