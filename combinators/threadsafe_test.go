package combinators_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleThreadSafe() {
	buffers := combinators.NewThreadSafe(combinators.NewRecycling(allocator.Heap[byte]{}, 1<<20))
	var sessions sync.WaitGroup
	for range 4 {
		sessions.Go(func() {
			for range 100 {
				b, err := buffers.Allocate(4096)
				if err != nil {
					return
				}
				copy(b, "some message")
				buffers.Deallocate(b)
			}
		})
	}
	sessions.Wait()
	fmt.Println(buffers)
	// Output: ThreadSafe(Recycling(Heap[uint8], 1048576))
}

func TestThreadSafeHandsOutToOneAtATime(t *testing.T) {
	counts := combinators.NewStats(combinators.NewRecycling(newSource[int](t), 20))
	a := combinators.NewThreadSafe(counts)
	var all sync.WaitGroup
	for id := range 8 {
		all.Go(func() {
			for i := range 500 {
				s := take(t, a, 1+(i+id)%12)
				for k := range s {
					s[k] = id
				}
				for k := range s {
					if s[k] != id {
						t.Errorf("goroutine %d has a block that goroutine %d writes to", id, s[k])
					}
				}
				a.Deallocate(s)
			}
		})
	}
	all.Wait()
	if c := counts.Counts(); c.Live != 0 || c.Total != 4000 || c.Peak > 8 {
		t.Errorf("counts are %v", c)
	}
}

func TestThreadSafeUnlocksWhenItsParentPanics(t *testing.T) {
	a := combinators.NewThreadSafe(new(combinators.SingleSlot[int]))
	s := take(t, a, 1)
	a.Deallocate(s)
	if misuse(func() { a.Deallocate(s) }) == nil {
		t.Fatal("no panic")
	}
	a.Deallocate(take(t, a, 1))
}

// It has the capabilities of its parent and no others.
func TestThreadSafeCapabilities(t *testing.T) {
	for _, parent := range []allocator.Allocator[int]{
		heap[int](), combinators.NewRecycling(heap[int](), 10), combinators.NewSlab(heap[int](), 10), newCapableSource[int](t),
	} {
		a := combinators.NewThreadSafe(parent)
		_, owns := allocator.AsOwner(parent)
		_, resets := allocator.AsResetter(parent)
		want := []bool{owns, resets, allocator.GivesZeros(parent)}
		got := []bool{a.Capable(allocator.CanOwn), a.Capable(allocator.CanReset), a.Capable(allocator.CanZero)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: can own, be reset, give zeros (-want +got):\n%s", a, diff)
		}
	}
}

func BenchmarkThreadSafe(b *testing.B) {
	recycling := func() *combinators.Recycling[element] {
		return combinators.NewRecycling(allocator.Heap[element]{}, 64)
	}
	benchmarkPair(b, "interface", combinators.NewThreadSafe(recycling()))
	benchmarkPair(b, "unsafe", recycling())
	b.Run("peer=mutex", func(b *testing.B) { // the two locks and nothing else
		var mu sync.Mutex
		for range b.N {
			mu.Lock()
			mu.Unlock() //lint:ignore SA2001 only the cost of the lock is wanted
			mu.Lock()
			mu.Unlock() //lint:ignore SA2001 only the cost of the lock is wanted
		}
	})
	benchmarkPeers(b)
	shared := combinators.NewThreadSafe(recycling())
	b.Run("contended", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				s, err := shared.Allocate(1)
				if err != nil {
					b.Error(err)
					return
				}
				shared.Deallocate(s)
			}
		})
	})
}

// What Locked calls has the parent to itself.
func TestThreadSafeLocked(t *testing.T) {
	parent := newCapableSource[int](t)
	a := combinators.NewThreadSafe[int](parent)
	var done chan struct{}
	a.Locked(func(p allocator.Allocator[int]) {
		if p != allocator.Allocator[int](parent) {
			t.Errorf("called with %v, want the parent", p)
		}
		done = make(chan struct{})
		go func() {
			a.Trim() // waits
			close(done)
		}()
		if p.(*capableSource[int]).trims != 0 {
			t.Error("the parent is used meanwhile")
		}
	})
	if done == nil {
		t.Fatal("the function was not called")
	}
	<-done
}
