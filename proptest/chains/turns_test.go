package chains

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/proptest/contract"
)

// TestSimulatedRepeats says that the same choices make the same run, event by
// event, but for where in memory the blocks are; also where several goroutines run
// the proactor.
func TestTurnsRepeat(t *testing.T) {
	type course struct {
		Timeline *contract.Timeline
		Trace    map[string][]string
		Events   int
	}
	same := cmp.AllowUnexported(contract.Timeline{})
	for _, runners := range []int{2, 3} {
		for seed := range uint64(checks) {
			trace := func(by Chooser) course {
				s := simulate(by, []Option{Runners(runners)})
				s.verify(t, new(*Report))
				l := s.played.ledger
				return course{l.Timeline(), l.Trace(), l.Events()}
			}
			recorded := &recording{Chooser: Seed(seed)}
			first := trace(recorded)
			if diff := cmp.Diff(first, trace(Seed(seed)), same); diff != "" {
				t.Fatalf("seed %d has made two runs:\n%s", seed, diff)
			}
		}
	}
}
