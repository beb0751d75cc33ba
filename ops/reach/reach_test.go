package reach_test

import (
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/ops/reach"
)

// A backend of yours says when it is in a state that is easy to miss. In a test that is
// built with the tag reach that is counted.
func ExampleSometimes() {
	ended := true // what Start returns
	reach.Sometimes(ended, reach.EndedInStart)
	if n := reach.Counts()[reach.EndedInStart]; reach.Enabled && n == 0 {
		fmt.Println("never:", reach.EndedInStart)
	}
	// Output:
}

func ExampleState() {
	fmt.Println(reach.States()[reach.RingFull])
	// Output: the ring had no room for a request
}

func TestCounts(t *testing.T) {
	before := reach.Counts()[reach.LookPaid]
	reach.Sometimes(false, reach.LookPaid)
	reach.Sometimes(true, reach.LookPaid)
	want := before
	if reach.Enabled {
		want++
	}
	if got := reach.Counts()[reach.LookPaid]; got != want {
		t.Errorf("reached %d times, want %d", got, want)
	}
	seen := make(map[string]bool)
	for _, s := range reach.States() {
		if text := s.String(); text == "" || seen[text] {
			t.Errorf("state %d says %q, as another does", s, text)
		} else {
			seen[text] = true
		}
	}
	if n := len(reach.States()); n < 40 || reach.State(n).String() != "no state" {
		t.Errorf("there are %d states", n)
	}
}
