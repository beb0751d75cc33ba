package chains

import (
	"fmt"

	"github.com/heirloom-go/heirloom/proptest/contract"
)

// simulatedAgain is how many simulations a program gets that has failed on a
// real platform: with one runner, and, if it has several, once more with those.
const simulatedAgain = 64

// simulated says whether a program that has failed on a real platform fails in
// the same way on the simulated one, and how to repeat that.
func simulated(p Program, c config, v contract.Violation) string {
	p.token = ""
	runners := []int{min(p.Runners, 1)}
	if p.Runners > 1 {
		runners = append(runners, p.Runners)
	}
	for _, p.Runners = range runners {
		for seed := range uint64(simulatedAgain) {
			s := &simulation{program: p, chooser: &recording{Chooser: Seed(seed)}}
			s.run(c)
			if s.err == nil && len(s.violations) > 0 && s.violations[0].Clause == v.Clause {
				return fmt.Sprintf("the simulated platform shows the same: RunSimulated(program, chains.Seed(%d)) with Runners %d", seed, p.Runners)
			}
		}
	}
	return fmt.Sprintf("%d runs on the simulated platform do not show it: it may need this platform", simulatedAgain*len(runners))
}
