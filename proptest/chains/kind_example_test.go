package chains_test

import (
	"fmt"
	"sync"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

var whatThereIs sync.Once // go test -count=2 runs the example twice

// A registered Kind can also be used in programs that are written by hand. This one reads
// what there is.
func ExampleKind() {
	whatThereIs.Do(func() {
		chains.Register(chains.Kind{Name: "read what there is", Read: (*platform.Conn).Read, Partial: true})
	})
	program := chains.Program{
		Links: []chains.Link{{Network: "tcp"}},
		Chains: []chains.Chain{
			{Name: "client", Steps: []chains.Step{
				{Kind: "connect"}, {Kind: "write full", Size: 1000}, {Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
			{Name: "server", Steps: []chains.Step{
				{Kind: "accept"}, {Kind: "read what there is", Size: 1000, Cancel: chains.CancelAll}, {Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
		},
	}
	fmt.Println(program.Chains[1].Steps[1])
	report, err := chains.RunSimulated(program, chains.Seed(1), chains.In(sim.Weather{Partial: 2}))
	if err != nil {
		panic(err)
	}
	fmt.Println(len(report.Violations), "violations")
	// Output:
	// read what there is 1000, cancel all
	// 0 violations
}
