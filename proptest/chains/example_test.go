package chains_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// Check your own platform in a test, with its *testing.T. The function that
// makes the proactors passes on the options that it is given.
func ExamplePlatform() {
	open := func(options ...platform.Option) (*platform.Proactor, error) {
		return platform.New(append(options, platform.WithBackend("portable"))...)
	}
	chains.Platform(printing{}, open, chains.Runners(2), chains.Patience(time.Minute))
	fmt.Println("kept")
	// Output: kept
}

// Check that chains see the same on your platform as on the simulated one.
func ExampleSameTraces() {
	chains.SameTraces(printing{}, map[string]chains.Opener{"best here": platform.New})
	fmt.Println("the same")
	// Output: the same
}

// forgetful is a handler wrapper that forgets to implement Unwrap.
type forgetful struct{ ops.Handler }

// Check your own handler wrapper. One that hides what is associated with the
// handler inside it is found out.
func ExampleWrapping() {
	wrap := func(h ops.Handler) ops.Handler { return forgetful{h} }
	program := chains.Program{
		Runners: 1,
		Chains:  []chains.Chain{{Name: "posts", Steps: []chains.Step{{Kind: "post"}}}},
	}
	report, err := chains.Run(program, platform.New, chains.Wrapping(wrap))
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Violations[0].Clause)
	// Output: 2 Default
}

// Say what a program does with the memory of a Conn when it is closed: keep it for
// the next one, say, or overwrite it. From then on the platform must not touch it.
func ExampleDisposal() {
	program := transfer(64)
	program.Links[0].Disposal = [2]chains.Disposal{chains.Recycled, chains.Scribbled}
	program.Chains[0].Disposal = chains.Cleared
	report, err := chains.Run(program, platform.New)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(report.Violations), "violations")
	// Output: 0 violations
}

// Fix how many goroutines run the proactor, for a server that has several, say.
func ExampleRunners() {
	chains.Simulated(printing{}, chains.Runners(3))
	fmt.Println("keeps the contract")
	// Output: keeps the contract
}

// careless is a layer that loses the handler.
type careless struct{ ops.Handler }

func (c careless) Unwrap() ops.Handler { return c.Handler }
func (c careless) Complete(int, error) {}

// Say how soon a run in which nothing happens counts as stuck. Here a layer loses its
// handler.
func ExamplePatience() {
	wrap := func(h ops.Handler) ops.Handler { return careless{h} }
	report, err := chains.Run(transfer(64), platform.New, chains.Wrapping(wrap), chains.Patience(100*time.Millisecond))
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Violations[0].Clause)
	// Output: 8 OnceAndLater
}

// Draw a program and run it, as [chains.Simulated] does with many.
func ExampleDraw() {
	program := chains.Draw(chains.Seed(7))
	report, err := chains.RunSimulated(program, chains.Seed(8))
	if err != nil {
		panic(err)
	}
	fmt.Println(len(program.Chains) > 0, len(report.Violations))
	// Output: true 0
}

// Check your own allocator under chains of operations. (proptest.Conform checks
// it by itself.)
func ExampleMemory() {
	memory := func() allocator.Allocator[ops.Operation] { return new(combinators.SingleSlot[ops.Operation]) }
	violations := 0
	for seed := range uint64(20) {
		report, err := chains.Run(chains.Draw(chains.Seed(seed)), platform.New, chains.Memory(memory))
		if err != nil {
			panic(err)
		}
		violations += len(report.Violations)
	}
	fmt.Println(violations, "violations")
	// Output: 0 violations
}

// A program is data. This one is an echo over a unix socket, with one block per
// chain.
func ExampleProgram() {
	slot := chains.Association{Style: chains.Method, Slot: true}
	program := chains.Program{
		Runners: 2,
		Links:   []chains.Link{{Network: "unix"}},
		Chains: []chains.Chain{
			{Name: "client", Memory: slot, Steps: []chains.Step{
				{Kind: "connect"},
				{Kind: "write full", Size: 64},
				{Kind: "read full", Size: 64},
				{Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
			{Name: "server", Memory: slot, Steps: []chains.Step{
				{Kind: "accept"},
				{Kind: "read full", Size: 64},
				{Kind: "write full", Size: 64, Refuse: 1},
				{Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
		},
	}
	fmt.Print(program)
	report, err := chains.Run(program, platform.New)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(report.Violations), "violations")
	// Output:
	// program: 2 runner(s)
	//   link 0: unix
	//   chain 0 client: by method, one block used again
	//      0 connect link 0
	//      1 write full 64
	//      2 read full 64
	//      3 shut link 0
	//      4 end link 0
	//      5 close link 0
	//   chain 1 server: by method, one block used again
	//      0 accept link 0
	//      1 read full 64
	//      2 write full 64, allocator fails 1×
	//      3 shut link 0
	//      4 end link 0
	//      5 close link 0
	// 0 violations
}

// loaded prefers the simplest choice.
type loaded struct{ *rand.Rand }

func (l loaded) Choose(n int, _ string) int { return min(l.IntN(n), l.IntN(n)) }

// Run one program, on any platform.
func ExampleRun() {
	program := chains.Program{Chains: []chains.Chain{{
		Name:  "timer",
		Steps: []chains.Step{{Kind: "wait", Pause: 50}, {Kind: "post"}},
	}}}
	report, err := chains.Run(program, platform.New)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(report.Violations), "violations")
	// Output: 0 violations
}

// A step can be cancelled while it is under way. Here the cancel slot of the
// chain cancels a wait of an hour.
func ExampleStep() {
	program := chains.Program{Chains: []chains.Chain{{
		Name:    "impatient",
		Cancels: true,
		Steps:   []chains.Step{{Kind: "wait", Pause: -1, Cancel: chains.CancelSlot}},
	}}}
	fmt.Print(program)
	report, err := chains.Run(program, platform.New)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(report.Violations), "violations")
	// Output:
	// program: a SingleRunner
	//   chain 0 impatient: bound
	//      0 wait an hour, cancel by slot
	// 0 violations
}

// Say how the handlers of a chain get their memory.
func ExampleAssociation() {
	fmt.Println(chains.Association{})
	fmt.Println(chains.Association{Style: chains.Method, Slot: true, Wrappers: 2})
	fmt.Println(chains.Association{Style: chains.Standard, Bytes: true})
	// Output:
	// bound
	// by method, one block used again, 2 wrappers
	// default, one of bytes outermost
}

// Let package rapid draw programs, in your own property.
func ExampleRapid() {
	rapid.Check(printing{}, func(t *rapid.T) {
		program := chains.Draw(chains.Rapid(t))
		if len(program.Chains) == 0 {
			t.Fatalf("nothing happens in\n%s", program)
		}
	})
	fmt.Println("every program has a chain")
	// Output: every program has a chain
}

// Run one program again, here the one of a seed.
func ExampleReplaying() {
	chains.Platform(printing{}, platform.New, chains.Replaying(chains.Seed(7)))
	fmt.Println("kept")
	// Output: kept
}

// Your own chooser decides what programs look like.
func ExampleChooser() {
	program := chains.Draw(loaded{rand.New(rand.NewPCG(1, 2))})
	fmt.Println(len(program.Chains) > 0)
	// Output: true
}

// A failure prints the token of its program. Replay it with
//
//	chains.Platform(t, open, chains.Replaying(chooser))
func ExampleReplay() {
	chooser, err := chains.Replay("")
	if err != nil {
		panic(err)
	}
	fmt.Print(chains.Draw(chooser))
	// Output:
	// program: 1 runner(s); chains.Replay("AAAAAAAAAAAAAAAAAAAAAAAAAAA")
	//   chain 0 alone: bound
	//      0 post
}

// The same seed draws the same program.
func ExampleSeed() {
	a, b := chains.Draw(chains.Seed(7)), chains.Draw(chains.Seed(7))
	fmt.Println(a.String() == b.String())
	// Output: true
}

// printing stands for the *testing.T that an example does not have.
type printing struct{ testing.TB }

func (printing) Helper()                           {}
func (printing) Name() string                      { return "Example" }
func (printing) Failed() bool                      { return false }
func (printing) Logf(format string, args ...any)   { fmt.Fprintf(&logged, format+"\n", args...) }
func (printing) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printing) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format+"\n%s", append(args, &logged)...))
}

// logged is what printing was told in passing: a failure needs the program in it.
var logged strings.Builder
