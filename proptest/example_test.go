package proptest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest"
)

// A tick is a handler type that brings the memory for its operations.
type tick struct {
	slot  combinators.SingleSlot[ops.Operation]
	chain *proptest.Chain
	timer *platform.Timer
	left  int
}

func (t *tick) Allocator() allocator.Allocator[ops.Operation] { return &t.slot }

func (t *tick) Complete(int, error) {
	if t.left--; t.left > 0 {
		t.wait()
	}
}

func (t *tick) wait() {
	t.chain.Start("wait", t, func(h ops.Handler) { t.timer.Wait(time.Microsecond, h) })
}

// Check a handler type of your own: let a ledger watch while it works.
func ExampleLedger() {
	l := proptest.NewLedger()
	p, err := platform.New(l.Options()...)
	if err != nil {
		panic(err)
	}
	t := &tick{chain: l.Chain("ticks"), timer: p.NewTimer(), left: 10}
	t.wait()
	l.Run(context.Background(), p)
	l.Close(p)
	fmt.Println(len(l.Finish()), "violations")
	// Output: 0 violations
}

// A ledger shows what is wrong with an engine, here one that releases the
// memory too late.
func ExampleChain() {
	l := proptest.NewLedger()
	chain := l.Chain("reads")
	memory := proptest.Watch(chain, allocator.Heap[ops.Operation]{})
	h := ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), memory)

	var later ops.Handler
	var block []ops.Operation
	chain.Start("read 64", h, func(h ops.Handler) {
		later = h
		block, _ = ops.AllocatorOf(h, l.Default()).Allocate(1)
	})
	later.Complete(64, nil)
	ops.AllocatorOf(later, l.Default()).Deallocate(block)

	for _, v := range l.Finish() {
		fmt.Println(v.Clause, "on chain", v.Chain, "in operation", v.Operation)
	}
	// Output: 4 ReleasedFirst on chain reads in operation 1: read 64
}

// Watch an allocator of any type, here of byte buffers.
func ExampleWatch() {
	l := proptest.NewLedger()
	buffers := proptest.Watch(l.Chain("buffers"), allocator.Heap[byte]{})
	l.Call(func() {
		b, _ := buffers.Allocate(512)
		buffers.Deallocate(b)
		b, _ = buffers.Allocate(512)
		_ = b // and it is forgotten
	})
	fmt.Println(l.Finish()[0].Clause)
	// Output: 3 SameBlock
}

// A violation says in a line what was broken and what to look at.
func ExampleViolation() {
	v := proptest.Violation{
		Clause:    allocator.OnceAndLater,
		Chain:     "2 server",
		Operation: "5: read 64",
		Text:      "the handler was called 2 times",
	}
	fmt.Println(v.Error())
	// Output: contract clause 8 OnceAndLater broken, chain 2 server, operation 5: read 64: the handler was called 2 times. Look at every path that ends the operation: one of them, once, from the loop and not from the function that starts.
}

// Check a platform of your own in a test, with its *testing.T. What makes the
// proactors passes on the options that it is given.
func ExamplePlatform() {
	open := func(options ...platform.Option) (*platform.Proactor, error) {
		return platform.New(append(options, platform.WithBackend("portable"))...)
	}
	proptest.Platform(printing{}, open, proptest.Runners(2), proptest.Patience(time.Minute))
	fmt.Println("kept")
	// Output: kept
}

// Check that chains see the same on a platform of yours as on the simulated one.
func ExampleSameTraces() {
	proptest.SameTraces(printing{}, map[string]proptest.Opener{"best here": platform.New})
	fmt.Println("the same")
	// Output: the same
}

// forgetful is a handler wrapper that forgets to implement Unwrap.
type forgetful struct{ ops.Handler }

// Check a handler wrapper of your own: one that hides what is associated with
// the handler inside it is found out.
func ExampleWrapping() {
	wrap := func(h ops.Handler) ops.Handler { return forgetful{h} }
	program := proptest.Program{
		Runners: 1,
		Chains:  []proptest.ChainProgram{{Name: "posts", Steps: []proptest.Step{{Kind: "post"}}}},
	}
	report, err := proptest.Run(program, platform.New, proptest.Wrapping(wrap))
	if err != nil {
		panic(err)
	}
	fmt.Println(report.Violations[0].Clause)
	// Output: 2 Default
}

// Check an allocator of your own under chains of operations. (Conform checks it
// for itself.)
func ExampleMemory() {
	memory := func() allocator.Allocator[ops.Operation] { return new(combinators.SingleSlot[ops.Operation]) }
	violations := 0
	for seed := range uint64(20) {
		report, err := proptest.Run(proptest.Draw(proptest.Seed(seed)), platform.New, proptest.Memory(memory))
		if err != nil {
			panic(err)
		}
		violations += len(report.Violations)
	}
	fmt.Println(violations, "violations")
	// Output: 0 violations
}

// A program is data. This one is an echo over a unix socket, in one block a
// chain.
func ExampleProgram() {
	slot := proptest.Association{Style: proptest.Method, Slot: true}
	program := proptest.Program{
		Runners: 2,
		Links:   []proptest.Link{{Network: "unix"}},
		Chains: []proptest.ChainProgram{
			{Name: "client", Memory: slot, Steps: []proptest.Step{
				{Kind: "connect"},
				{Kind: "write full", Size: 64},
				{Kind: "read full", Size: 64},
				{Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
			{Name: "server", Memory: slot, Steps: []proptest.Step{
				{Kind: "accept"},
				{Kind: "read full", Size: 64},
				{Kind: "write full", Size: 64, Refuse: 1},
				{Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
		},
	}
	fmt.Print(program)
	report, err := proptest.Run(program, platform.New)
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

// Run one program, on whatever platform.
func ExampleRun() {
	program := proptest.Program{Chains: []proptest.ChainProgram{{
		Name:  "timer",
		Steps: []proptest.Step{{Kind: "wait", Pause: 50}, {Kind: "post"}},
	}}}
	report, err := proptest.Run(program, platform.New)
	if err != nil {
		panic(err)
	}
	for _, lane := range report.Timeline.Lanes {
		for _, label := range lane.Labels {
			fmt.Println(lane.Name+":", label.Text)
		}
	}
	fmt.Println(len(report.Violations), "violations")
	// Output:
	// 0 timer: wait 50 µs
	// 0 timer: post
	// 0 violations
}

// A step can be cancelled while it is under way. Here the wait of an hour is, by
// the cancel slot of its chain.
func ExampleStep() {
	program := proptest.Program{Chains: []proptest.ChainProgram{{
		Name:    "impatient",
		Cancels: true,
		Steps:   []proptest.Step{{Kind: "wait", Pause: -1, Cancel: proptest.CancelSlot}},
	}}}
	fmt.Print(program)
	report, err := proptest.Run(program, platform.New)
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

// Say how the handlers of a chain come by their memory.
func ExampleAssociation() {
	fmt.Println(proptest.Association{})
	fmt.Println(proptest.Association{Style: proptest.Method, Slot: true, Wrappers: 2})
	fmt.Println(proptest.Association{Style: proptest.Standard, Bytes: true})
	// Output:
	// bound
	// by method, one block used again, 2 wrappers
	// default, one of bytes outermost
}

// Let rapid draw programs, in a property of your own.
func ExampleDrawn() {
	rapid.Check(printing{}, func(t *rapid.T) {
		program := proptest.Draw(proptest.Drawn(t))
		if len(program.Chains) == 0 {
			t.Fatalf("nothing happens in\n%s", program)
		}
	})
	fmt.Println("every program has a chain")
	// Output: every program has a chain
}

// Run one program again, here that of a seed.
func ExampleReplaying() {
	proptest.Platform(printing{}, platform.New, proptest.Replaying(proptest.Seed(7)))
	fmt.Println("kept")
	// Output: kept
}

// A chooser of your own decides what programs look like.
func ExampleChooser() {
	program := proptest.Draw(loaded{rand.New(rand.NewPCG(1, 2))})
	fmt.Println(len(program.Chains) > 0)
	// Output: true
}

// A failure prints the token of its program. Replay it with
//
//	proptest.Platform(t, open, proptest.Replaying(chooser))
func ExampleReplay() {
	chooser, err := proptest.Replay("")
	if err != nil {
		panic(err)
	}
	fmt.Print(proptest.Draw(chooser))
	// Output:
	// program: 1 runner(s); proptest.Replay("AAAAAAAAAAAAAAAAAAAAAAAAAA")
	//   chain 0 alone: bound
	//      0 post
}

// The same number draws the same program.
func ExampleSeed() {
	a, b := proptest.Draw(proptest.Seed(7)), proptest.Draw(proptest.Seed(7))
	fmt.Println(a.String() == b.String())
	// Output: true
}

// A report has the run as a timeline, which can be printed, or evaluated.
func ExampleTimeline() {
	report, err := proptest.Run(proptest.Draw(proptest.Seed(3)), platform.New)
	if err != nil {
		panic(err)
	}
	open := 0
	for _, lane := range report.Timeline.Lanes {
		for _, span := range lane.Spans {
			if span.Kind == proptest.SpanAllocated && span.To == len(report.Timeline.At) {
				open++
			}
		}
	}
	fmt.Println(open, "blocks were never released,", len(report.Timeline.Marks), "events are marked")
	// Output: 0 blocks were never released, 0 events are marked
}
