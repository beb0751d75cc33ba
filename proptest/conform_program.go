package proptest

import (
	"fmt"
	"math"
	"runtime/debug"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// runs draws and runs a program on what a tree builds: one of one goroutine,
// one of several if the tree claims to be safe for that, or one that misuses
// its blocks.
func runs[T any](t *rapid.T, on *tree[T]) *found {
	// Storage that is not on the Go heap may be gone when a fault of the
	// allocator has it used.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	claims := on.plan().claims
	switch kind := rapid.IntRange(0, 7).Draw(t, "kind of program"); {
	case kind > 5 && (claims.ThreadSafe || claims.SafeAsParent):
		return concurrentRuns(t, on)
	case kind == 5 && !sizeless[T]():
		return misuses(t, on)
	}
	return machineRuns(t, on)
}

func sizeless[T any]() bool {
	var zero T
	return unsafe.Sizeof(zero) == 0
}

func describePanic(p any) string {
	if p == nil {
		return "nothing"
	}
	return fmt.Sprint(p)
}

// A reporter is the part of a test that a check without programs needs.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkCosts counts the allocations on the Go heap.
func checkCosts[T any](t reporter, build Builder[T], claims Claims) {
	t.Helper()
	if a := build(allocator.Null[T]{}); !sizeless[T]() {
		request := func() {
			for _, n := range []int{-1, 1, math.MaxInt} {
				if s, err := a.Allocate(n); err == nil {
					a.Deallocate(s)
				}
			}
		}
		request() // an allocator with storage of its own may open it
		if allocs := fewest(request); allocs != 0 && !claims.OwnStorage {
			t.Errorf("%v: %s: requests that fail allocate %v times", failureAllocatesNothing, allocator.Describe(a), allocs)
		}
	}
	if !claims.SteadyState {
		return
	}
	a := build(combinators.NewRecycling(allocator.Heap[T]{}, 1<<16))
	pair := func() {
		if s, err := a.Allocate(1); err == nil {
			a.Deallocate(s)
		}
	}
	pair()
	if allocs := fewest(pair); allocs != 0 {
		t.Errorf("%v: %s: a request and its release allocate %v times", steadyStateAllocatesNothing, allocator.Describe(a), allocs)
	}
}

// fewest returns the smallest of several counts: other goroutines allocate
// too.
func fewest(f func()) float64 {
	least := testing.AllocsPerRun(50, f)
	for i := 0; i < 4 && least != 0; i++ {
		least = min(least, testing.AllocsPerRun(50, f))
	}
	return least
}
