package chains_test

import (
	"errors"
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// Run a small program in every order in which a kernel can do what the program
// asks for, with every partial transfer. In a test, pass its *testing.T.
func ExampleExplore() {
	every := chains.In(sim.Weather{Interleave: true, Partial: 2})
	schedules := chains.Explore(printing{}, transfer(2), every)
	fmt.Println("more than one schedule:", schedules > 1)
	// Output: more than one schedule: true
}

// Count every order in which three things can be done.
func ExampleExploreAll() {
	schedules, _, err := chains.ExploreAll(func(c chains.Chooser) error {
		left := []string{"read", "write", "close"}
		for len(left) > 0 {
			i := c.Choose(len(left), "what is next")
			left = append(left[:i], left[i+1:]...)
		}
		return nil
	})
	fmt.Println(schedules, err)
	// Output: 6 <nil>
}

// coins asks ten questions that have two answers each.
func coins(c chains.Chooser) error {
	for range 10 {
		c.Choose(2, "heads or tails")
	}
	return nil
}

// Look only at runs that differ from the plain one in two places at most.
func ExampleDeviations() {
	all, _, _ := chains.ExploreAll(coins)
	few, _, _ := chains.ExploreAll(coins, chains.Deviations(2))
	fmt.Println(few, "of", all)
	// Output: 56 of 1024
}

// Make an exploration that has become too large fail, instead of taking all
// day.
func ExampleSchedules() {
	_, _, err := chains.ExploreAll(coins, chains.Schedules(100))
	fmt.Println(errors.Is(err, chains.ErrTooMany))
	// Output: true
}

// Run random orders of a program that has too many to run all of them.
func ExampleSampled() {
	n := chains.Explore(printing{}, transfer(64), chains.Sampled(50, 3))
	fmt.Println(n, "orders, no violation")
	// Output: 50 orders, no violation
}

// once is a layer that lets its handler be called only once.
type once struct {
	ops.Handler
	called bool
}

func (o *once) Unwrap() ops.Handler { return o.Handler }

func (o *once) Complete(n int, err error) {
	if !o.called {
		o.called = true
		o.Handler.Complete(n, err)
	}
}

// Promise that chains share nothing through a layer, so that fewer orders are tried. The
// state of this layer belongs to a single handler.
func ExampleIndependent() {
	layer := chains.Wrapping(func(h ops.Handler) ops.Handler { return &once{Handler: h} })
	steps := []chains.Step{{Kind: "write at", Size: 64}, {Kind: "sync"}}
	program := chains.Program{
		Runners: 1,
		Chains:  []chains.Chain{{Name: "log", Steps: steps}, {Name: "index", Steps: steps}, {Name: "data", Steps: steps}},
	}
	every := chains.Explore(printing{}, program, layer)
	some := chains.Explore(printing{}, program, layer, chains.Independent())
	fmt.Println(some, "of", every)
	// Output: 13 of 90
}
