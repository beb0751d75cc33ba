package combinators_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExamplePool() {
	buffers := combinators.NewPool(allocator.Heap[byte]{})
	var sessions sync.WaitGroup
	for range 4 {
		sessions.Go(func() {
			for range 100 {
				b, _ := buffers.Allocate(1500)
				copy(b, "some message")
				buffers.Deallocate(b)
			}
		})
	}
	sessions.Wait()
	fmt.Println(buffers, "takes", buffers.GoodSize(1500), "for 1500")
	// Output: Pool(Heap[uint8]) takes 1536 for 1500
}

// sync.Pool may lose a block at any time, so these tests ask for one kept
// block out of many.
func TestPoolServesAClass(t *testing.T) {
	for _, n := range []int{1, 2, 7, 9, 10, 1500, 1 << 16} {
		a := combinators.NewPool(newSource[*int](t))
		used := false
		for i := 0; i < 100 && !used; i++ {
			s := take(t, a, n)
			s[n-1] = new(n)
			a.Deallocate(s[:0])
			again := take(t, a, n)
			if again[n-1] != nil {
				t.Fatal("a fresh block has a stale pointer")
			}
			used = same(again, s)
		}
		if !used {
			t.Errorf("a block of %d was never used again", n)
		}
	}
}

func TestPoolPassesOnLargeBlocks(t *testing.T) {
	parent := newSource[byte](t)
	a := combinators.NewPool(parent)
	a.Deallocate(take(t, a, 1<<16+1))
	if parent.count != 0 {
		t.Error("a large block did not go to the parent")
	}
	if a.GoodSize(1<<16) != 1<<16 || a.GoodSize(1<<16+1) != 1<<16+1 || a.GoodSize(0) != 0 || a.GoodSize(9) != 10 {
		t.Error("GoodSize does not tell the classes")
	}
}

// Releasing a slice into a sync.Pool as such allocates its header.
func TestPoolAllocatesNoHeader(t *testing.T) {
	a := combinators.NewPool(heap[byte]())
	if allocs := testing.AllocsPerRun(1000, func() {
		a.Deallocate(take[byte](t, a, 24))
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

// Trim gets all blocks that this processor has, and before a request fails
// they go back to the parent.
func TestPoolGivesUpItsBlocksBeforeItFails(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 100 {
		parent := newSource[int](t)
		parent.limit = 12
		a := combinators.NewPool(parent)
		a.Deallocate(take(t, a, 9))
		if parent.count != 10 {
			t.Fatalf("the parent has %d values out, want the 10 of the class", parent.count)
		}
		s, err := a.Allocate(11)
		if err != nil {
			continue // sync.Pool lost it, as it does in a race build
		}
		a.Deallocate(s)
		a.Trim()
		if parent.count == 0 {
			return
		}
	}
	t.Error("kept blocks made requests fail, or Trim left them")
}

// A block that is larger than the others of its class is not what a request for
// that many values gets, so it is not resized within the class.
func TestPoolResizesNoStray(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewPool(parent)
	a.Deallocate(take(t, a, 16))
	parent.extra = 1
	s := take(t, a, 13)
	if cap(s) != 17 {
		t.Fatalf("the block has a capacity of %d, want 17, which is no class", cap(s))
	}
	for _, n := range []int{13, 14, 16, 17} {
		if _, ok := a.Resize(s, n); ok {
			t.Errorf("a block of 17 values among those of 16 was resized to %d", n)
		}
	}
	a.Deallocate(s)
}

// The collector drains it.
func TestPoolIsDrained(t *testing.T) {
	a := combinators.NewPool(heap[element]())
	var collected sync.WaitGroup
	collected.Add(10)
	for i := range 10 {
		func() {
			s := take(t, a, 1+i)
			runtime.AddCleanup(&s[0], func(wg *sync.WaitGroup) { wg.Done() }, &collected)
			a.Deallocate(s)
		}()
	}
	drained := make(chan struct{})
	go func() {
		collected.Wait()
		close(drained)
	}()
	awaitCollected(t, drained)
	runtime.KeepAlive(a)
}

func TestPoolHandsOutToOneAtATime(t *testing.T) {
	a := combinators.NewPool(heap[int]())
	stop := time.After(20 * time.Millisecond)
	done := make(chan struct{})
	var all sync.WaitGroup
	for id := range 8 {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
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
	<-stop
	close(done)
	all.Wait()
}

func BenchmarkPool(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewPool(allocator.Heap[element]{}))
	benchmarkBuffer(b, "buffer=1500", combinators.NewPool(allocator.Heap[byte]{}), 1500)
	benchmarkPeers(b)
	b.Run("peer=sync.Pool of []byte", func(b *testing.B) { // allocates the header
		b.ReportAllocs()
		pool := sync.Pool{New: func() any { return make([]byte, 1500) }}
		for range b.N {
			pool.Put(pool.Get().([]byte)) //lint:ignore SA6002 that is what is measured
		}
	})
	shared := combinators.NewPool(allocator.Heap[element]{})
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
