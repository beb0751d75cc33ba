package combinators_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// What a cache keeps follows what the program asks for now: once it was filled
// with blocks of one size, it serves another from the second round on.
func TestCachesFollowTheSizes(t *testing.T) {
	for name, build := range map[string]func(parent allocator.Allocator[byte]) allocator.Allocator[byte]{
		"Recycling": func(p allocator.Allocator[byte]) allocator.Allocator[byte] {
			return combinators.NewRecycling(p, 1<<20)
		},
		"Sharded": func(p allocator.Allocator[byte]) allocator.Allocator[byte] { return combinators.NewSharded(p, 1<<20) },
	} {
		for _, extra := range []int{0, 1, 3} { // a parent that rounds must not change that
			t.Run(fmt.Sprint(name, "/extra=", extra), func(t *testing.T) {
				parent := newSource[byte](t)
				parent.extra = extra
				misses := combinators.NewStats[byte](parent)
				a := build(misses)
				round := func(count, size int) int {
					before := misses.Counts().Total
					var blocks [][]byte
					for range count {
						blocks = append(blocks, take(t, a, size))
					}
					for _, s := range blocks {
						a.Deallocate(s)
					}
					return int(misses.Counts().Total - before)
				}
				round(1100, 1<<10)
				round(64, 4<<10)
				for _, size := range []int{4 << 10, 4 << 10, 5000, 5000, 300, 300, 300} {
					missed := round(64, size)
					if size == 4<<10 && missed != 0 {
						t.Errorf("64 blocks of %d: %d misses", size, missed)
					}
				}
				if missed := round(64, 300); missed != 0 {
					t.Errorf("64 blocks of 300: %d misses", missed)
				}
				if parent.count > 1<<20 {
					t.Errorf("keeps %d values", parent.count)
				}
			})
		}
	}
}

// One request that finds nothing is enough: what it was given is kept.
func TestShardedMakesRoomForOne(t *testing.T) {
	misses := combinators.NewStats(allocator.Heap[byte]{})
	a := combinators.NewSharded(misses, 1<<20)
	var blocks [][]byte
	for range 1100 {
		blocks = append(blocks, take(t, a, 1<<10))
	}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	for size := 100 << 10; size < 105<<10; size += 1 << 10 { // of one class
		before := misses.Counts().Total
		a.Deallocate(take(t, a, size))
		if got := misses.Counts().Total - before; got > 0 && size > 100<<10 {
			t.Errorf("a second request for %d bytes was a miss", size)
		}
	}
}

// Some goroutines allocate and others release, while the sizes drift.
func TestShardedFollowsDriftingSizes(t *testing.T) {
	const producers, consumers, rounds = 10, 4, 400
	misses := combinators.NewStats(allocator.Heap[byte]{})
	a := combinators.NewSharded(misses, 4<<20)
	requests := 0
	for round := range rounds {
		blocks := make(chan []byte, 64)
		var from, to sync.WaitGroup
		base := 500 + 20*round // from 500 to 8,500 bytes
		for id := range producers {
			random := rand.New(rand.NewPCG(uint64(round), uint64(id)))
			from.Go(func() {
				for range 40 {
					s, err := a.Allocate(base + random.IntN(200))
					if err != nil {
						t.Error(err)
						return
					}
					blocks <- s
				}
			})
		}
		for range consumers {
			to.Go(func() {
				for s := range blocks {
					a.Deallocate(s)
				}
			})
		}
		from.Wait()
		close(blocks)
		to.Wait()
		requests += 40 * producers
	}
	if missed := int(misses.Counts().Total); missed*100 > 3*requests {
		t.Errorf("%d of %d requests missed, which is more than 3 %%", missed, requests)
	}
}

// An always gives the same block.
type always struct{ block []byte }

func (a always) Allocate(n int) ([]byte, error) { return a.block[:n:n], nil }
func (a always) Deallocate([]byte)              {}

// What a miss costs must not grow with the number of shards.
func BenchmarkShardedMiss(b *testing.B) {
	for _, processors := range []int{1, 8, 128} {
		b.Run(fmt.Sprintf("GOMAXPROCS=%d", processors), func(b *testing.B) {
			was := runtime.GOMAXPROCS(processors)
			a := combinators.NewSharded[byte](always{make([]byte, 3072)}, 1<<20)
			runtime.GOMAXPROCS(was)
			for b.Loop() {
				if _, err := a.Allocate(3072); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
