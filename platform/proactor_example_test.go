package platform_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A proactor with the best backend that the process may use. If that is not the
// best one of the system, Fallback says why, which is worth a line in a log.
func ExampleNew() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()

	fmt.Println("a known backend:", slices.Contains(platform.Backends(), p.Backend()))
	if why := p.Fallback(); why != nil {
		log.Printf("using %s: %v", p.Backend(), why)
	}
	ops.Post(p, ops.HandlerFunc(func(int, error) { fmt.Println("hello from a handler") }))
	fatal(p.Run(context.Background()))
	// Output:
	// a known backend: true
	// hello from a handler
}

// A counter that only handlers touch. One goroutine runs the proactor, so it
// needs no lock, and the proactor takes none. Other goroutines post.
func ExampleSingleRunner() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()

	count := 0
	hold := p.Hold() // until everything is posted
	increment := ops.HandlerFunc(func(int, error) {
		if count++; count == 4000 {
			hold.Release()
		}
	})
	for range 4 {
		go func() {
			for range 1000 {
				ops.Post(p, increment)
			}
		}()
	}
	fatal(p.Run(context.Background()))
	fmt.Println(count)
	// Output: 4000
}

// A server whose clients wait for each answer, and that has a processor for
// itself: it looks for the next message for half a millisecond before it sleeps.
func ExampleSpin() {
	p, err := platform.New(platform.SingleRunner(), platform.Spin(500*time.Microsecond))
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	accept(l) // serves each connection with an echo
	var c platform.Conn
	rounds, buf := 0, []byte("ping")
	p.Spawn(ops.HandlerFunc(func(_ int, err error) { fmt.Println(rounds, "answers", err) }), func(co *platform.Co) error {
		defer l.Close()
		if err := co.Connect(&c, "tcp", l.Addr().String()); err != nil {
			return err
		}
		defer c.Close()
		for ; rounds < 100; rounds++ {
			if _, err := co.Write(&c, buf); err != nil {
				return err
			}
			if _, err := co.ReadFull(&c, buf); err != nil {
				return err
			}
		}
		return nil
	})
	fatal(p.Run(context.Background()))
	// Output: 100 answers <nil>
}

// A limit for the operations of all handlers that bring no allocator. An
// operation beyond it fails, and its handler is called with the error.
func ExampleWithAllocator() {
	limit := combinators.NewLimit[ops.Operation](allocator.Heap[ops.Operation]{}, 2)
	p, err := platform.New(platform.WithAllocator(combinators.NewThreadSafe[ops.Operation](limit)))
	fatal(err)
	defer p.Close()

	timer := p.NewTimer()
	wait := ops.HandlerFunc(func(_ int, err error) { fmt.Println("waited:", err) })
	for range 3 {
		timer.Wait(time.Millisecond, wait)
	}
	fatal(p.Run(context.Background()))
	fmt.Println("live operations:", limit.Live())
	// Output:
	// waited: allocator: exhausted
	// waited: <nil>
	// waited: <nil>
	// live operations: 0
}

// The same program on every backend of this system.
func ExampleWithBackend() {
	greetings := 0
	for _, name := range platform.Backends() {
		p, err := platform.New(platform.WithBackend(name))
		fatal(err)
		if p.Backend() == name {
			ops.Post(p, ops.HandlerFunc(func(int, error) { greetings++ }))
		}
		fatal(p.Run(context.Background()))
		fatal(p.Close())
	}
	fmt.Println("each has run a handler:", greetings == len(platform.Backends()))
	// Output: each has run a handler: true
}

// A program that stops when it has what it wanted, and goes on later.
func ExampleProactor_Stop() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()

	ops.Post(p, ops.HandlerFunc(func(int, error) {
		fmt.Println("enough for now")
		p.Stop()
		ops.Post(p, ops.HandlerFunc(func(int, error) { fmt.Println("the rest") }))
	}))
	fatal(p.Run(context.Background()))
	fmt.Println("stopped")
	fatal(p.Run(context.Background()))
	// Output:
	// enough for now
	// stopped
	// the rest
}

// Closing a proactor releases what is outstanding, without calling its handlers.
func ExampleProactor_Close() {
	p, err := platform.New()
	fatal(err)

	memory := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
	never := ops.WithAllocator(ops.HandlerFunc(func(int, error) { fmt.Println("never called") }), memory)
	p.NewTimer().Wait(time.Hour, never)
	fmt.Println("blocks:", memory.Counts().Live)
	fatal(p.Close())
	fmt.Println("blocks:", memory.Counts().Live)
	// Output:
	// blocks: 1
	// blocks: 0
}

// Printing a proactor names its backend.
func ExampleProactor_String() {
	p, err := platform.New(platform.WithBackend("portable"))
	fatal(err)
	defer p.Close()
	fmt.Println(p)
	// Output: proactor on portable
}

// What a program logs when it starts: the backends that it could use, and the one that it
// uses.
func ExampleBackends() {
	names := platform.Backends()
	p, err := platform.New(platform.WithBackend(names[0]))
	fatal(err)
	defer p.Close()
	fmt.Println("the best one:", p.Backend() == names[0])
	fmt.Println("works everywhere:", slices.Contains(names, "portable"))
	// Output:
	// the best one: true
	// works everywhere: true
}

// A test of a program with timeouts on a simulated network, where a day takes no time.
func ExampleWithCustomBackend() {
	world := sim.New(sim.Seeded(1), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(world.Backend), platform.SingleRunner())
	fatal(err)
	defer p.Close()
	p.NewTimer().Wait(24*time.Hour, ops.HandlerFunc(func(_ int, err error) { fmt.Println(err) }))
	fatal(p.Run(context.Background()))
	fmt.Println(world.Now())
	// Output:
	// <nil>
	// 24h0m0s
}

// A flaky is a layer that refuses the first connections.
type flaky struct {
	backend.Backend
	refuse int
}

func (f *flaky) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindConnect && f.refuse > 0 {
		f.refuse--
		op.Err = syscall.ECONNREFUSED
		return true
	}
	return f.Backend.Start(s, op)
}

// Does a client try again when its server is not up yet? A layer simulates that.
func ExampleWithLayer() {
	p, err := platform.New(platform.SingleRunner(), platform.WithLayer(func(below backend.Backend) backend.Backend {
		return &flaky{below, 2}
	}))
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	var server, client platform.Conn
	l.Accept(&server, ops.HandlerFunc(func(int, error) {}))

	tries := 0
	var again ops.HandlerFunc
	connect := func() { p.Connect(&client, "tcp", l.Addr().String(), again) }
	again = func(_ int, err error) {
		tries++
		fmt.Println("try", tries, "refused:", errors.Is(err, syscall.ECONNREFUSED))
		if err != nil && tries < 5 {
			connect()
		}
	}
	connect()
	fatal(p.Run(context.Background()))
	// Output:
	// try 1 refused: true
	// try 2 refused: true
	// try 3 refused: false
}
