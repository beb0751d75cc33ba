package platform

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTrial has an action that pays or not, and looks at how often it is done and how long it
// rests in between.
func TestTrial(t *testing.T) {
	a := newTrial()
	// until has the action pay or not, n times or until it rests, and returns how often it was
	// done and for how many occasions it rested then.
	until := func(n int, paid bool) (done, rested int) {
		for done < n && a.wanted() {
			a.judge(paid)
			done++
			if a.rest > 0 {
				break
			}
		}
		for a.rest > 0 {
			if a.wanted() {
				t.Fatal("wanted while it rests")
			}
			rested++
		}
		return done, rested
	}
	var got, want [][2]int
	fail := func(times, rest int) {
		done, rested := until(1000, false)
		got, want = append(got, [2]int{done, rested}), append(want, [2]int{times, rest})
	}
	for rest := minRest; rest < maxRest; rest *= 2 {
		fail(shortTrial/2, rest)
	}
	fail(shortTrial/2, maxRest)
	fail(shortTrial/2, maxRest)
	if done, rested := until(shortTrial, true); done != shortTrial || rested != 0 {
		t.Errorf("what pays was done %d times of %d and rested for %d", done, shortTrial, rested)
	}
	fail(longTrial/2, maxRest) // it has paid for a short time only
	until(shortTrial+longTrial, true)
	fail(longTrial/2, minRest) // and here for a long time
	fail(shortTrial/2, 2*minRest)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("how often it was tried, and how long it rested then (-want +got):\n%s", diff)
	}
}
