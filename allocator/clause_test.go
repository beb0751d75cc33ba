package allocator_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
)

func ExampleClause() {
	fmt.Println(allocator.ReleasedFirst)
	fmt.Println(allocator.ReleasedFirst.Name())
	// Output:
	// 4 ReleasedFirst
	// ReleasedFirst
}

// The numbers and names are used in documents and messages; they are fixed.
func TestClauses(t *testing.T) {
	var got []string
	for _, c := range allocator.Clauses() {
		got = append(got, c.String())
	}
	want := []string{
		"1 Associated", "2 Default", "3 SameBlock", "4 ReleasedFirst", "5 OneAtATime", "6 Visible",
		"7 AnyGoroutine", "8 OnceAndLater", "9 Stable", "10 Exhaustion", "11 Abandonment", "12 PeakBlocks",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clauses (-want +got):\n%s", diff)
	}
	for _, c := range []allocator.Clause{0, allocator.PeakBlocks + 1, 255} {
		if c.Name() != "unknown" {
			t.Errorf("clause %d has the name %s", uint8(c), c.Name())
		}
	}
}
