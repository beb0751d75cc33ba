package chains_test

import (
	"fmt"
	"time"

	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// Check your chains on a network in which everything can happen. A failure can
// be repeated exactly. In a test, pass its *testing.T.
func ExampleSimulated() {
	chains.Simulated(printing{}, chains.Runners(1))
	fmt.Println("kept")
	// Output: kept
}

// Run a program in a storm that a seed decides.
func ExampleRunSimulated() {
	program := chains.Draw(chains.Seed(1))
	program.Runners = 1
	report, err := chains.RunSimulated(program, chains.Seed(2), chains.In(sim.Stormy()))
	if err != nil {
		panic(err)
	}
	fmt.Println(len(report.Violations), "violations")
	// Output: 0 violations
}

// transfer is a program in which one chain sends something to another.
func transfer(bytes int) chains.Program {
	return chains.Program{
		Links: []chains.Link{{Network: "tcp"}},
		Chains: []chains.Chain{
			{Name: "client", Steps: []chains.Step{
				{Kind: "connect"}, {Kind: "write full", Size: bytes}, {Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
			{Name: "server", Steps: []chains.Step{
				{Kind: "accept"}, {Kind: "read full", Size: bytes}, {Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
		},
	}
}

// Fix the weather. Here everything that the kernel reports comes late, so the
// program takes longer, in virtual time.
func ExampleIn() {
	took := func(weather sim.Weather) time.Duration {
		report, err := chains.RunSimulated(transfer(64), sim.Calm, chains.In(weather))
		if err != nil {
			panic(err)
		}
		return report.Took
	}
	fmt.Println(took(sim.Weather{Lag: 1}) > took(sim.Weather{}))
	// Output: true
}

// See whether a test would notice a kernel that reports operations twice.
func ExampleFaulty() {
	report, err := chains.RunSimulated(transfer(64), sim.Calm, chains.Faulty(sim.Faults{CompleteTwice: true}))
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Violations[0].Clause)
	// Output: 8 OnceAndLater
}

// Run random programs for as long as there is time, say overnight. In a test
// that calls Simulated, the flag -chains.for does this.
func ExampleSoak() {
	chains.Soak(printing{}, 10*time.Millisecond, chains.Runners(0))
	fmt.Println("kept")
	// Output: kept
}
