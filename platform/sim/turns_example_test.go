package sim_test

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// Look for faults that show only where two goroutines run a proactor. Here two handlers
// may count the same visit: although the number is atomic, one handler can run in the
// middle of the other. With the same seed it always does.
func ExampleWorld_Yield() {
	lost := func(seed uint64) bool {
		w := sim.New(sim.Seeded(seed))
		p, _ := platform.New(platform.WithCustomBackend(w.Backend))
		defer p.Close()
		var visits atomic.Int64
		for range 2 {
			ops.Post(p, ops.HandlerFunc(func(int, error) {
				seen := visits.Load()
				w.Yield()
				visits.Store(seen + 1)
			}))
		}
		w.Run(p, p)
		return visits.Load() != 2
	}
	seed := uint64(0)
	for !lost(seed) {
		seed++
	}
	fmt.Println("a visit is lost, and again:", lost(seed))
	// Output: a visit is lost, and again: true
}

// Let goroutines that do more than run a proactor take turns.
func ExampleWorld_Turns() {
	w := sim.New(sim.Calm)
	say := func(text string) func() {
		return func() {
			fmt.Println(text, "begins")
			w.Yield()
			fmt.Println(text, "ends")
		}
	}
	w.Turns(say("one"), say("two")) // a chooser that is less calm has them overlap
	// Output:
	// one begins
	// one ends
	// two begins
	// two ends
}

// Wait for another goroutine that takes turns.
func ExampleWorld_NewCond() {
	w := sim.New(sim.Seeded(1))
	var mu sync.Mutex
	isReady, ready := false, w.NewCond(&mu)
	w.Turns(
		func() {
			mu.Lock()
			defer mu.Unlock()
			for !isReady {
				ready.Wait()
			}
			fmt.Println("it is ready")
		},
		func() {
			mu.Lock()
			defer mu.Unlock()
			isReady = true
			ready.Broadcast()
		},
	)
	// Output: it is ready
}
