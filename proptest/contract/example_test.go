package contract_test

import (
	"context"
	"fmt"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// A tick is a handler that has the memory for its operations.
type tick struct {
	slot  combinators.SingleSlot[ops.Operation]
	chain *contract.Chain
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
	l := contract.NewLedger()
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
	l := contract.NewLedger()
	chain := l.Chain("reads")
	memory := contract.Watch(chain, allocator.Heap[ops.Operation]{})
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
	l := contract.NewLedger()
	buffers := contract.Watch(l.Chain("buffers"), allocator.Heap[byte]{})
	l.Call(func() {
		b, _ := buffers.Allocate(512)
		buffers.Deallocate(b)
		b, _ = buffers.Allocate(512)
		_ = b // and it is forgotten
	})
	fmt.Println(l.Finish()[0].Clause)
	// Output: 3 SameBlock
}

// A violation says in one line what was broken and what to look at.
func ExampleViolation() {
	v := contract.Violation{
		Clause:    contract.OnceAndLater,
		Chain:     "2 server",
		Operation: "5: read 64",
		Text:      "the handler was called 2 times",
	}
	fmt.Println(v.Error())
	// Output: contract clause 8 OnceAndLater broken, chain 2 server, operation 5: read 64: the handler was called 2 times. Look at every path that ends the operation: one of them, once, from the loop and not from the function that starts.
}

// Report an operation to the ledger yourself, where Chain.Start cannot: here one that goes
// through your own queue and needs one block.
func ExampleOperation() {
	l := contract.NewLedger()
	chain := l.Chain("jobs")
	memory := contract.Watch[ops.Operation](chain, nil)

	job := chain.Next()
	var block []ops.Operation
	job.Start("a job", contract.Expectation{Allocator: memory.ID(), Layers: 1, Peak: 1}, func() {
		block, _ = memory.Allocate(1)
	})
	leave := job.Enter(0, nil) // a bug: the block is still allocated
	memory.Deallocate(block)
	leave()
	fmt.Println(l.Finish()[0].Clause)
	// Output: 4 ReleasedFirst
}

// List the clauses, for your own report.
func ExampleClauses() {
	for _, c := range contract.Clauses()[:3] {
		fmt.Printf("%d. %s\n", c, c.Name())
	}
	// Output:
	// 1. Associated
	// 2. Default
	// 3. SameBlock
}

// The memory of a chain runs out once. Its handler is called with the error,
// and goes on.
func ExampleWatched() {
	l := contract.NewLedger()
	p, err := platform.New(l.Options()...)
	if err != nil {
		panic(err)
	}
	chain, timer := l.Chain("ticks"), p.NewTimer()
	memory := contract.Watch(chain, allocator.Heap[ops.Operation]{}).Named("slots")
	memory.Refuse(1, 1) // the second request

	left := 3
	var wait func()
	again := ops.HandlerFunc(func(_ int, err error) {
		fmt.Println(err)
		if left--; left > 0 {
			wait()
		}
	})
	h := ops.WithAllocator(again, memory)
	wait = func() {
		chain.Start("wait", h, func(h ops.Handler) { timer.Wait(time.Microsecond, h) })
	}
	wait()
	l.Run(context.Background(), p)
	l.Close(p)
	fmt.Println(len(l.Finish()), "violations")
	// Output:
	// <nil>
	// allocator: exhausted
	// <nil>
	// 0 violations
}
