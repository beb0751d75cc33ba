package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
	type request struct{ n, extra int }
	for _, r := range []request{{1, 0}, {2, 0}, {7, 0}, {9, 0}, {10, 0}, {1500, 0}, {1 << 16, 0}, {8, 1}, {9, 1}} {
		n, parent := r.n, newSource[*int](t)
		parent.extra = r.extra // then the blocks are of a larger class than the request
		a := combinators.NewPool(parent)
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
			t.Errorf("a block of %d was never used again, with %d quarters more than asked for", n, r.extra)
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
	if diff := cmp.Diff([]int{1<<16 + 1}, parent.asked); diff != "" {
		t.Errorf("requests to the parent (-want +got):\n%s", diff)
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

// A request that the parent can never serve costs no kept block.
func TestPoolKeepsItsBlocksWhenARequestIsTooLarge(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 100
	a := combinators.NewPool(parent)
	a.Deallocate(take(t, a, 9))
	if _, err := a.Allocate(101); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(101) of 100: error %v, want ErrTooLarge", err)
	}
	if len(parent.freed) != 0 {
		t.Errorf("given back to the parent: %v", parent.freed)
	}
}

// Within its class a block is resized in place, and no further.
func TestPoolResize(t *testing.T) {
	testResizeInClass(t, combinators.NewPool(heap[*int]()))
}

func testResizeInClass(t *testing.T, a interface {
	allocator.Allocator[*int]
	allocator.Resizer[*int]
}) {
	t.Helper()
	one, s := take(t, a, 1), take(t, a, 9)
	if r, ok := a.Resize(one, 1); !ok || !same(r, one) {
		t.Error("a block of 1 value was not resized to 1")
	}
	s = s[:10]
	s[9] = new(int)
	for _, n := range []int{9, 10} {
		r, ok := a.Resize(s, n)
		if !ok || !same(r, s) || len(r) != n || cap(r) != 10 {
			t.Fatalf("a block of 10 values was resized to %d of %d, %v, want %d", len(r), cap(r), ok, n)
		}
		s = r
	}
	if s[9] != nil {
		t.Error("a pointer in the part that was cut off came back")
	}
	for _, n := range []int{8, 11, 0, -1, math.MinInt, math.MaxInt} {
		if _, ok := a.Resize(s, n); ok {
			t.Errorf("a block of 10 values was resized to %d", n)
		}
	}
	a.Deallocate(one)
	a.Deallocate(s)
}

// Without a block of its capacity, what is released can only be foreign.
func TestCachesSeeForeignBlocks(t *testing.T) {
	for _, a := range []allocator.Allocator[int]{combinators.NewPool(heap[int]()), combinators.NewRecycling(heap[int](), 64)} {
		for _, n := range []int{1, 3, 10} {
			e := misuse(func() { a.Deallocate(make([]int, n)) })
			if e == nil || !strings.HasPrefix(e.Problem, "released to an allocator that did not give it") {
				t.Errorf("%v: release of a foreign block of %d: panic is %v", a, n, e)
			}
		}
	}
}

// The parent is not asked for sizes that no block can have.
func TestInvalidSizesStayAbove(t *testing.T) {
	for name, build := range map[string]func(p allocator.Allocator[int]) allocator.Allocator[int]{
		"Pool":      func(p allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewPool(p) },
		"Recycling": func(p allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewRecycling(p, 64) },
		"Quantizer": func(p allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewQuantizer(p, eights) },
		"Region":    func(p allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewRegion(p, 64) },
	} {
		parent := newSource[int](t)
		a := build(parent)
		for n, want := range map[int]error{-1: allocator.ErrSize, math.MinInt: allocator.ErrSize, math.MaxInt: allocator.ErrTooLarge} {
			if _, err := a.Allocate(n); !errors.Is(err, want) {
				t.Errorf("%s: Allocate(%d): error %v, want %v", name, n, err, want)
			}
		}
		if len(parent.asked) != 0 {
			t.Errorf("%s: the parent was asked for %v", name, parent.asked)
		}
	}
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
