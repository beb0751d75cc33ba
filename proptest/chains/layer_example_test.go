package chains_test

import (
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// A reluctant is a layer over a backend. Every second time it says that there is nothing to
// read without waiting.
type reluctant struct {
	backend.Backend
	tries int
}

func (r *reluctant) TryRead(s *backend.Socket, b []byte) (int, error) {
	if r.tries++; r.tries%2 == 0 {
		return 0, ops.ErrWouldBlock
	}
	return r.Backend.TryRead(s, b)
}

// A hasty is a wrong layer: it lets go of a cancelled operation that the backend below
// still has.
type hasty struct{ backend.Backend }

func (h hasty) Cancel(s *backend.Socket, op *ops.Operation) bool {
	h.Backend.Cancel(s, op)
	return true
}

// Check your own backend: a whole one, made by WithCustomBackend, or a layer that WithLayer
// puts over another. The wrong layer here is over a simulated network, whose kernel takes
// its time over each cancellation.
func ExamplePlatform_backend() {
	right := func(options ...platform.Option) (*platform.Proactor, error) {
		layer := func(below backend.Backend) backend.Backend { return &reluctant{Backend: below} }
		return platform.New(append(options, platform.WithLayer(layer))...)
	}
	chains.Platform(printing{}, right, chains.Runners(1))
	fmt.Println("one keeps the contract")

	wrong := func(options ...platform.Option) (*platform.Proactor, error) {
		world := sim.New(sim.Calm, sim.WithWeather(sim.Weather{SlowCancel: 1}))
		layer := func(below backend.Backend) backend.Backend { return hasty{below} }
		return platform.New(append(options, platform.WithCustomBackend(world.Backend), platform.WithLayer(layer))...)
	}
	program := transfer(64)
	program.Chains[1].Steps[1].Cancel = chains.CancelAll
	report, err := chains.Run(program, wrong)
	if err != nil {
		panic(err)
	}
	fmt.Println("the other breaks clause", report.Violations[0].Clause)
	// Output:
	// one keeps the contract
	// the other breaks clause 9 Stable
}
