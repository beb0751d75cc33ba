package ops_test

import (
	"context"
	"fmt"
	"log"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A handler that posts itself again. It is bound to its memory once, so all its
// posts together take one block, and nothing else is allocated.
func ExamplePost() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	heap := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
	c := &launch{executor: p, left: 1000}
	c.self = ops.WithAllocator(c, combinators.NewSingleSlot[ops.Operation](heap))
	ops.Post(p, c.self)
	p.Run(context.Background())
	fmt.Println("blocks:", heap.Counts().Total)
	// Output:
	// lift-off
	// blocks: 1
}

type launch struct {
	executor ops.Executor
	self     ops.Handler // c itself, bound to its memory
	left     int
}

func (c *launch) Complete(int, error) {
	if c.left == 0 {
		fmt.Println("lift-off")
		return
	}
	c.left--
	ops.Post(c.executor, c.self)
}

// Work in pieces on a proactor with a single runner: each piece defers the
// next, so that other handlers get their turn in between.
func ExampleDefer() {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	s := &sum{proactor: p, values: []int{1, 2, 3, 4, 5}}
	ops.Defer(p, s)
	ops.Post(p, ops.HandlerFunc(func(int, error) {
		fmt.Println("another handler, and the sum is not complete:", len(s.values) > 0)
	}))
	p.Run(context.Background())
	fmt.Println("the sum is", s.total)
	// Output:
	// another handler, and the sum is not complete: true
	// the sum is 15
}

type sum struct {
	proactor *platform.Proactor
	values   []int
	total    int
	slot     combinators.SingleSlot[ops.Operation]
}

// The memory of its operations is in the sum itself.
func (s *sum) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *sum) Complete(int, error) {
	if len(s.values) == 0 {
		return
	}
	s.total += s.values[0]
	s.values = s.values[1:]
	ops.Defer(s.proactor, s)
}

// A strand on which an urgent handler goes ahead of those that wait already.
func ExampleDispatch() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	strand := ops.NewStrand(p)
	say := func(what string) ops.Handler {
		return ops.HandlerFunc(func(int, error) { fmt.Println(what) })
	}
	ops.Post(strand, ops.HandlerFunc(func(int, error) {
		ops.Post(strand, say("in turn"))
		ops.Dispatch(strand, say("urgent"))
		fmt.Println("neither has been called yet")
	}))
	p.Run(context.Background())
	// Output:
	// neither has been called yet
	// urgent
	// in turn
}

// Two connections whose handlers share a counter. They run on one strand, so
// they need no lock, however many goroutines run the proactor.
func ExampleWithExecutor() {
	p, client, server := connected()
	defer p.Close()

	strand := ops.NewStrand(p)
	received := 0
	count := ops.WithExecutor(ops.HandlerFunc(func(n int, err error) {
		received += n
	}), strand) // bound once, for any number of operations

	ops.ReadFull(client, make([]byte, 5), count)
	ops.ReadFull(server, make([]byte, 6), count)
	ignore := ops.HandlerFunc(func(int, error) {})
	ops.WriteFull(server, []byte("hello"), ignore)
	ops.WriteFull(client, []byte("world!"), ignore)
	p.Run(context.Background())
	fmt.Println(received)
	// Output: 11
}
