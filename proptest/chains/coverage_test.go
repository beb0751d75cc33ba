package chains

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestCoverage says that random programs reach every answer to every question that they
// and the simulated world ask.
func TestCoverage(t *testing.T) {
	reach := newCoverage()
	for seed := range uint64(15 * checks) {
		s := simulate(reach.counted(Seed(seed)), nil)
		s.verify(t, new(*Report))
		s.discard()
	}
	reached, all, _, missing := reach.summary()
	t.Logf("%d of %d answers", reached, all)
	for _, m := range missing {
		t.Errorf("not reached: %s", m)
	}
}

func TestCoverageText(t *testing.T) {
	v := newCoverage()
	if got := v.String(); got != "nothing was chosen" {
		t.Errorf("of nothing it says %q", got)
	}
	c := v.counted(always{})
	for range 3 {
		c.Choose(2, "coin")
		c.Choose(1, "no choice")
		c.Choose(100, "many")
	}
	if got, want := v.String(), `2 of the 5 possible answers to 2 choices were drawn; never: "coin" 0 of 2`; !strings.HasPrefix(got, want) {
		t.Errorf("it says %q, want %q", got, want)
	}
}

// always gives the last answer.
type always struct{}

func (always) Choose(n int, _ string) int { return n - 1 }

// TestCoverageConcurrent says that a coverage can be printed while others count, as those do
// who are stuck in a program that has failed. It is for the race detector.
func TestCoverageConcurrent(t *testing.T) {
	v := newCoverage()
	var counting sync.WaitGroup
	for n := range 4 {
		counting.Go(func() {
			for i := range 100 {
				v.count(2, fmt.Sprint(n, i), 1)
			}
		})
	}
	for range 100 {
		_ = v.String()
	}
	counting.Wait()
	if _, all, questions, _ := v.summary(); questions != 400 || all != 800 {
		t.Errorf("there are %d answers to %d questions, want 800 to 400", all, questions)
	}
}
