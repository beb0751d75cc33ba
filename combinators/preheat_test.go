package combinators_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A server has the buffers for its first hundred clients before it listens.
func ExamplePreheat() {
	misses := combinators.NewStats(allocator.Heap[byte]{})
	buffers := combinators.NewRecycling(misses, 1<<20)
	if err := combinators.Preheat(buffers, 100, 4096); err != nil {
		fmt.Println(err)
		return
	}
	atStart := misses.Counts().Total

	var clients [100][]byte
	for i := range clients {
		clients[i], _ = buffers.Allocate(4096)
	}
	fmt.Println("before:", atStart, "since:", misses.Counts().Total-atStart)
	// Output: before: 100 since: 0
}

// mallocs returns how many allocations on the Go heap f makes, at least. Others
// may allocate at the same time, so it is tried a few times, each time with a new
// function.
func mallocs(f func() func()) uint64 {
	least := ^uint64(0)
	for range 20 {
		first := f()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		first()
		runtime.ReadMemStats(&after)
		least = min(least, after.Mallocs-before.Mallocs)
	}
	return least
}

// After Preheat the first round allocates nothing.
func TestPreheatFirstRound(t *testing.T) {
	type parent = allocator.Allocator[element]
	for name, build := range map[string]func(p parent) parent{
		"SingleSlot": func(p parent) parent { return combinators.NewSingleSlot(p) },
		"Slots":      func(p parent) parent { return combinators.NewSlots(p, 8) },
		"Recycling":  func(p parent) parent { return combinators.NewRecycling(p, 64) },
		"Sharded":    func(p parent) parent { return combinators.NewSharded(p, 1000) },
		"Slab":       func(p parent) parent { return combinators.NewSlab(p, 24) },
		"Buddy":      func(p parent) parent { return combinators.NewBuddy(p, 64, 1) },
		"Region":     func(p parent) parent { return combinators.NewRegion(p, 24) },
		"Arena":      func(p parent) parent { return combinators.NewArena(p, 24) },
		"Scoped":     func(p parent) parent { return combinators.NewScoped(combinators.NewRecycling(p, 64)) },
		"Cascade": func(p parent) parent {
			return combinators.NewCascade(func(n int) parent { return combinators.NewSlab(p, max(n, 24)) })
		},
		"Fallback": func(p parent) parent {
			return combinators.NewFallback(combinators.NewSlab(p, 24), combinators.NewRecycling(p, 64))
		},
	} {
		count := 8
		if name == "SingleSlot" {
			count = 1
		}
		var blocks [8][]element
		if n := mallocs(func() func() {
			a := build(heap[element]())
			if err := combinators.Preheat(a, count, 3); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return func() {
				for i := range count {
					blocks[i], _ = a.Allocate(3)
				}
				for i := range count {
					a.Deallocate(blocks[i])
				}
			}
		}); n != 0 {
			t.Errorf("%s: the first round makes %d allocations", name, n)
		}
	}
}

// sync.Pool drops blocks at random in a race build, and has them with another
// processor if the goroutine moves.
func TestPreheatPool(t *testing.T) {
	misses := combinators.NewStats(heap[int]())
	a := combinators.NewPool(misses)
	if err := combinators.Preheat(a, 100, 3); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		take(t, a, 3)
	}
	if missed := misses.Counts().Total - 100; missed > 60 {
		t.Errorf("%d of 100 requests after Preheat were missed", missed)
	}
}

func TestPreheatExhausted(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 10
	a := combinators.NewRecycling(parent, 100)
	if err := combinators.Preheat(a, 4, 3); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("four blocks of 3 of 10 values: error %v, want ErrExhausted", err)
	}
	if err := combinators.Preheat(a, 1, 11); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("a block of 11 of 10 values: error %v, want ErrTooLarge", err)
	}
	if err := combinators.Preheat(a, 3, 3); err != nil {
		t.Errorf("three blocks of 3 of 10 values: %v", err)
	}
	a.Trim()
	if parent.count != 0 {
		t.Errorf("%d values are lost", parent.count)
	}
	if err := combinators.Preheat(a, 0, 3); err != nil {
		t.Error(err)
	}
	wantPanic(t, "combinators: Preheat: the count is negative: -1", func() { combinators.Preheat(a, -1, 3) })
}

// What it has taken when the allocator panics is released.
func TestPreheatPanic(t *testing.T) {
	source := newSource[int](t)
	wantPanic(t, "third", func() { combinators.Preheat[int](&panicsAt[int]{Allocator: source, at: 3}, 5, 2) })
	if source.count != 0 {
		t.Errorf("%d values are lost", source.count)
	}
}

// panicsAt panics instead of serving a request.
type panicsAt[T any] struct {
	allocator.Allocator[T]
	at int
}

func (a *panicsAt[T]) Allocate(n int) ([]T, error) {
	if a.at--; a.at == 0 {
		panic("third")
	}
	return a.Allocator.Allocate(n)
}

// BenchmarkPreheat measures a first round of 64 buffers of 4 KiB, with and
// without.
func BenchmarkPreheat(b *testing.B) {
	round := func(b *testing.B, count int) {
		var blocks [64][]byte
		for range b.N {
			b.StopTimer()
			a := combinators.NewRecycling(heap[byte](), 64*4096)
			if err := combinators.Preheat(a, count, 4096); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			for i := range blocks {
				blocks[i], _ = a.Allocate(4096)
			}
			for _, s := range blocks {
				a.Deallocate(s)
			}
		}
	}
	b.Run("preheated", func(b *testing.B) { b.ReportAllocs(); round(b, 64) })
	b.Run("peer=cold", func(b *testing.B) { b.ReportAllocs(); round(b, 0) })
}

// What an allocator that panics has been given is released all the same, but for the
// block that it panics for.
func TestPreheatOfOneThatPanics(t *testing.T) {
	parent := newSource[int](t)
	a := &panicking{parent, 2}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		combinators.Preheat(allocator.Allocator[int](a), 4, 3)
	}()
	if parent.count != 3 {
		t.Errorf("%d values are not released, want the 3 of one block", parent.count)
	}
}

// A panicking allocator panics at its nth release.
type panicking struct {
	allocator.Allocator[int]
	n int
}

func (a *panicking) Deallocate(s []int) {
	if a.n--; a.n == 0 {
		panic("of the allocator")
	}
	a.Allocator.Deallocate(s)
}
