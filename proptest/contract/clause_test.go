package contract_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/proptest/contract"
)

func ExampleClause() {
	fmt.Println(contract.ReleasedFirst)
	fmt.Println(contract.ReleasedFirst.Name())
	// Output:
	// 4 ReleasedFirst
	// ReleasedFirst
}

// The numbers and names are used in documents and messages; they are fixed.
func TestClauses(t *testing.T) {
	var got []string
	for _, c := range contract.Clauses() {
		got = append(got, c.String())
	}
	want := []string{
		"1 Associated", "2 Default", "3 SameBlock", "4 ReleasedFirst", "5 OneAtATime", "6 Visible",
		"7 AnyGoroutine", "8 OnceAndLater", "9 Stable", "10 Exhaustion", "11 Abandonment", "12 PeakBlocks",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clauses (-want +got):\n%s", diff)
	}
	for _, c := range []contract.Clause{0, contract.PeakBlocks + 1, 255} {
		if c.Name() != "unknown" {
			t.Errorf("clause %d has the name %s", uint8(c), c.Name())
		}
	}
}
