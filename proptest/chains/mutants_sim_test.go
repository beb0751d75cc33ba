package chains

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// smallestOfKernels is the most steps that are left of a program which shows a fault of a
// kernel. What goes wrong only with data needs a connection: both ends are opened and closed, and
// something is written and read.
const smallestOfKernels = 7

// shrinkRunsOfKernels is shrinkRuns for the faults of kernels. It takes 1014, as each program is
// tried in up to eight worlds.
const shrinkRunsOfKernels = 1050

// TestFaultyKernels says that faults of a simulated kernel are found out, by
// a breach of the clause that the fault is about, or by a wrong result; in
// every program that shows them. The first of those is made smaller. The table of them is in
// testdata/kernels.md.
func TestFaultyKernels(t *testing.T) {
	skipUnderRace(t)
	const result = contract.Clause(0)
	rows := []string{
		"| fault of the kernel | clause | found by check | of programs | steps before | steps when smaller |",
		"|---|---|--:|--:|--:|--:|",
	}
	tests := []struct {
		fault string
		sim.Faults
		clauses []contract.Clause // one of which it breaks first
		closing []contract.Clause // and if the program closes the proactor
	}{
		// The peer may wait in vain for what was not written, and be told of
		// no result at all.
		{"StaleCompletion", sim.Faults{StaleCompletion: true}, []contract.Clause{result, contract.OnceAndLater}, nil},
		{"CompleteTwice", sim.Faults{CompleteTwice: true}, []contract.Clause{contract.OnceAndLater}, nil},
		// It is the next operation's result if that has the memory by then.
		{"CompleteEnded", sim.Faults{CompleteEnded: true}, []contract.Clause{contract.OnceAndLater, result}, nil},
		{"LateWrite", sim.Faults{LateWrite: true}, []contract.Clause{result}, nil},
		{"WriteAfterCancel", sim.Faults{WriteAfterCancel: true}, []contract.Clause{contract.Stable}, nil},
		{"LoseCanceled", sim.Faults{LoseCanceled: true}, []contract.Clause{contract.OnceAndLater}, []contract.Clause{contract.Abandonment}},
		// Nor are those told then who were refused at the last.
		{"LoseOnClose", sim.Faults{LoseOnClose: true}, []contract.Clause{contract.OnceAndLater}, []contract.Clause{contract.Abandonment, contract.Exhaustion}},
		{"OutOfOrder", sim.Faults{OutOfOrder: true}, []contract.Clause{result}, nil},
	}
	runs := 0
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			caught, row := 0, ""
			for n := range uint64(checks) {
				s := simulate(Seed(n), []Option{Runners(0), Faulty(test.Faults), Patience(time.Second)})
				if err := s.err; err != nil {
					t.Fatal(err)
				}
				if len(s.violations) == 0 {
					s.discard()
					continue
				}
				v := s.violations[0]
				if caught++; caught == 1 {
					t.Logf("caught by check %d: %v", n+1, v)
					small := shrink(s.report(), s.chooser.answers(s.drawn), true, simulateIn(newConfig([]Option{Faulty(test.Faults)})))
					clause := "a wrong result"
					if v.Clause != result {
						clause = v.Clause.String()
					}
					runs += small.runs
					if larger := small.larger(smallestOfKernels); larger != "" {
						t.Error(larger)
					}
					row = fmt.Sprintf("| %s | %s | %d | %%d of %d | %d | %d |", test.fault, clause, n+1, checks, s.program.steps(), small.program.steps())
				}
				if !slices.Contains(test.clauses, v.Clause) && !(s.program.closes() && slices.Contains(test.closing, v.Clause)) {
					t.Fatalf("check %d was to find one of clauses %v broken, and found\n%s", n+1, test.clauses, s.report())
				}
			}
			if caught == 0 {
				t.Fatalf("not caught by %d checks", checks)
			}
			rows = append(rows, fmt.Sprintf(row, caught))
		})
	}
	t.Logf("all programs were made smaller in %d runs", runs)
	if runs > shrinkRunsOfKernels {
		t.Errorf("all programs were made smaller in %d runs, want at most %d", runs, shrinkRunsOfKernels)
	}
	keepTable(t, "kernels.md", rows, len(tests), true)
}
