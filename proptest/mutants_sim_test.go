package proptest

import (
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestFaultyKernels says that faults of a simulated kernel are found out, by
// a breach of the clause that the fault is about, or by a wrong result.
func TestFaultyKernels(t *testing.T) {
	const result = allocator.Clause(0)
	for _, test := range []struct {
		fault string
		sim.Faults
		clauses []allocator.Clause // that it breaks first
	}{
		{"StaleCompletion", sim.Faults{StaleCompletion: true}, []allocator.Clause{result}},
		{"LateWrite", sim.Faults{LateWrite: true}, []allocator.Clause{result}},
		{"LoseCanceled", sim.Faults{LoseCanceled: true}, []allocator.Clause{allocator.OnceAndLater, allocator.Abandonment}},
		{"LoseOnClose", sim.Faults{LoseOnClose: true}, []allocator.Clause{allocator.OnceAndLater, allocator.Abandonment}},
		{"OutOfOrder", sim.Faults{OutOfOrder: true}, []allocator.Clause{result}},
	} {
		t.Run(test.fault, func(t *testing.T) {
			for n := range uint64(checks) {
				s := simulate(Seed(n), []Option{Runners(0), Faulty(test.Faults), Patience(time.Second)})
				if err := s.err; err != nil {
					t.Fatal(err)
				}
				if len(s.violations) == 0 {
					s.discard()
					continue
				}
				for _, want := range test.clauses {
					if v := s.violations[0]; v.Clause == want {
						t.Logf("caught by check %d: %v", n+1, v)
						return
					}
				}
				t.Fatalf("check %d was to find one of clauses %v broken, and found\n%s", n+1, test.clauses, s.report())
			}
			t.Fatalf("not caught by %d checks", checks)
		})
	}
}
