package combinators_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// The sessions of a server share their buffers, whichever goroutine they are
// on.
func ExampleSharded() {
	misses := combinators.NewStats(allocator.Heap[byte]{})
	buffers := combinators.NewSharded(misses, 1<<20) // keeps a megabyte
	var sessions sync.WaitGroup
	for range 4 {
		sessions.Go(func() {
			for range 1000 {
				b, err := buffers.Allocate(1500)
				if err != nil {
					return
				}
				copy(b, "some message")
				buffers.Deallocate(b)
			}
		})
	}
	sessions.Wait()
	fmt.Println("at most one buffer a session:", misses.Counts().Total <= 4)
	fmt.Println(buffers)
	// Output:
	// at most one buffer a session: true
	// Sharded(Stats(Heap[uint8]), 1048576)
}

// A sync.Pool is empty after two collections.
func TestShardedKeepsItsBlocksThroughCollections(t *testing.T) {
	parent := newSource[element](t)
	a := combinators.NewSharded(parent, 1000)
	var blocks [][]element
	for n := 1; n < 20; n++ {
		blocks = append(blocks, take(t, a, n))
	}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	asked := len(parent.asked)
	for range 3 {
		runtime.GC()
	}
	for n := 1; n < 20; n++ {
		take(t, a, n)
	}
	if lost := len(parent.asked) - asked; lost != 0 {
		t.Errorf("%d blocks were lost", lost)
	}
}

func TestShardedBound(t *testing.T) {
	for _, limit := range []int{0, 1, 2, 15, 64, 100, 5000} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			parent := newSource[int](t)
			a := combinators.NewSharded(parent, limit)
			var users sync.WaitGroup
			for id := range 4 {
				users.Go(func() {
					r := rand.New(rand.NewPCG(1, uint64(id)))
					var mine [][]int
					for range 2000 {
						if len(mine) == 0 || len(mine) < 20 && r.IntN(2) == 0 {
							s := take(t, a, 1+r.IntN(40))
							for i := range s {
								s[i] = id
							}
							mine = append(mine, s)
							continue
						}
						last := len(mine) - 1
						for _, v := range mine[last] {
							if v != id {
								t.Errorf("goroutine %d has a block that goroutine %d writes to", id, v)
							}
						}
						a.Deallocate(mine[last])
						mine = mine[:last]
					}
					for _, s := range mine {
						a.Deallocate(s)
					}
				})
			}
			users.Wait()
			if parent.count > limit {
				t.Errorf("keeps %d values", parent.count)
			}
			if limit >= 64 && parent.count == 0 {
				t.Error("keeps nothing")
			}
			a.Trim()
			if parent.count != 0 {
				t.Errorf("keeps %d values after Trim", parent.count)
			}
		})
	}
}

// One goroutine allocates and another releases: the blocks have to come back,
// or each is taken from the parent, and the shard of the second one is of no
// use to anyone.
func TestShardedBlocksComeBackFromOtherGoroutines(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSharded(parent, 1000)
	const inFlight = 10
	queue := make(chan []int, inFlight)
	returned := make(chan struct{}, inFlight)
	go func() {
		for s := range queue {
			deepCall(50, func() { a.Deallocate(s) }) // maybe on another part of the stack
			returned <- struct{}{}
		}
		close(returned)
	}()
	for i := range 2000 {
		if i >= inFlight {
			<-returned
		}
		queue <- take(t, a, 3)
	}
	close(queue)
	for range returned {
	}
	if got := len(parent.asked); got > 200 {
		t.Errorf("2000 requests with %d blocks in flight took %d from the parent", inFlight, got)
	}
}

//go:noinline
func deepCall(depth int, f func()) byte {
	var frame [512]byte
	if depth == 0 {
		f()
		return frame[0]
	}
	frame[depth%512] = deepCall(depth-1, f)
	return frame[depth%512]
}

func TestShardedGivesUpItsBlocksBeforeItFails(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 40
	a := combinators.NewSharded(parent, 1000)
	var blocks [][]int
	for range 10 {
		blocks = append(blocks, take(t, a, 4))
	}
	var users sync.WaitGroup
	for _, s := range blocks {
		users.Go(func() { a.Deallocate(s) })
	}
	users.Wait()
	a.Deallocate(take(t, a, 40))
}

func TestShardedServesAClass(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSharded(parent, 10000)
	first := take(t, a, 9)
	a.Deallocate(first)
	if s := take(t, a, 10); !same(s, first) {
		t.Error("10 values are not in the kept block of 10")
	}
	if s, ok := a.Resize(take(t, a, 9), 10); !ok || len(s) != 10 {
		t.Error("a block with room for 10 was not resized to 10")
	}
	if a.GoodSize(9) != 10 || a.GoodSize(1<<20) != 1<<20 {
		t.Errorf("GoodSize of 9 is %d, of a size beyond the limit %d", a.GoodSize(9), a.GoodSize(1<<20))
	}
}

// A block that is released twice to one shard is refused there, and what is refused takes no
// room.
func TestShardedMisuse(t *testing.T) {
	for name, n := range map[string]int{"in its place": 3, "behind the lock": 200} {
		try := func() (wrong string) {
			a := combinators.NewSharded(heap[int](), 1000)
			s := take(t, a, n)
			for range 10 {
				e := misuse(func() {
					a.Deallocate(s)
					a.Deallocate(s) // from the same place in the stack, so to the same shard
				})
				if e == nil || e.Problem != "released twice" || e.Allocator != a.String() {
					return fmt.Sprintf("panic is %v, want one that says released twice", e)
				}
				if again := take(t, a, n); !same(again, s) {
					return "it is not kept"
				}
			}
			return ""
		}
		// Between two releases the stack may move, and then they are to two shards.
		wrong := try()
		for range 9 {
			if wrong != "" {
				wrong = try()
			}
		}
		if wrong != "" {
			t.Errorf("a block %s: %s", name, wrong)
		}
	}
}

// A block makes room for itself as often as a request for its size has found none.
func TestShardedMakesRoomForWhatWasMissed(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewSharded(parent, 1000)
	fill := func() {
		var blocks [][]int
		for range 10 {
			blocks = append(blocks, take(t, a, 100))
		}
		for _, s := range blocks {
			a.Deallocate(s)
		}
	}
	fill()
	large := take(t, a, 400)
	a.Deallocate(large)
	if again := take(t, a, 400); !same(again, large) {
		t.Fatal("a block that was missed is not kept")
	}
	fill()
	freed := len(parent.freed)
	a.Deallocate(large)
	if diff := cmp.Diff([]int{cap(large)}, parent.freed[freed:]); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
	large = take(t, a, 400)
	a.Deallocate(large)
	if !same(take(t, a, 400), large) {
		t.Error("a block that was missed again is not kept")
	}
}

func TestShardedNegativeLimit(t *testing.T) {
	wantPanic(t, "combinators: NewSharded: the limit is negative: -1", func() { combinators.NewSharded(heap[int](), -1) })
}

func BenchmarkSharded(b *testing.B) {
	pool := sync.Pool{New: func() any { return new(element) }}
	fromPool := func() {
		p := pool.Get().(*element)
		*p = element{}
		pool.Put(p)
	}
	// Through the interface, as it is used.
	var a allocator.Allocator[element] = combinators.NewSharded(heap[element](), 1024)
	fromShards := func() {
		s, err := a.Allocate(1)
		if err != nil {
			b.Error(err)
		}
		a.Deallocate(s)
	}
	var locked allocator.Allocator[element] = combinators.NewThreadSafe(combinators.NewRecycling(heap[element](), 1024))
	fromLock := func() {
		s, err := locked.Allocate(1)
		if err != nil {
			b.Error(err)
		}
		locked.Deallocate(s)
	}
	for _, c := range []struct {
		name string
		pair func()
	}{{"interface", fromShards}, {"peer=sync.Pool", fromPool}, {"peer=ThreadSafe", fromLock}} {
		for goroutines := 1; goroutines <= 2; goroutines++ {
			b.Run(fmt.Sprintf("%s/goroutines=%d", c.name, goroutines), func(b *testing.B) {
				b.ReportAllocs()
				var users sync.WaitGroup
				for range goroutines {
					users.Go(func() {
						for range b.N / goroutines {
							c.pair()
						}
					})
				}
				users.Wait()
			})
		}
	}
}

// What is released is kept again after the parent was exhausted, when everything was
// given back.
func TestShardedKeepsAfterExhaustion(t *testing.T) {
	misses := combinators.NewStats(combinators.NewLimit(heap[int](), 1000))
	a := combinators.NewSharded(misses, 400)
	pair := func(n int) { a.Deallocate(take(t, a, n)) }
	for range 5 {
		pair(100)
		pair(950) // for which the other has to go
	}
	a.Trim()
	pair(100)
	before := misses.Counts().Total
	for range 10 {
		pair(100)
	}
	if n := misses.Counts().Total - before; n != 0 {
		t.Errorf("10 requests for what was just released have asked the parent %d times", n)
	}
}

// A block that was kept and is handed out again is its user's alone: one that its
// user loses is collected.
func TestShardedForgetsWhatItHandsOut(t *testing.T) {
	const count = 10
	a := combinators.NewSharded(heap[element](), 1000)
	var collected sync.WaitGroup
	collected.Add(count)
	func() {
		var blocks [][]element
		for range count {
			s := take(t, a, 4)
			runtime.AddCleanup(&s[0], func(wg *sync.WaitGroup) { wg.Done() }, &collected)
			blocks = append(blocks, s)
		}
		for _, s := range blocks {
			a.Deallocate(s)
		}
		for range count {
			take(t, a, 4)
		}
	}()
	lost := make(chan struct{})
	go func() {
		collected.Wait()
		close(lost)
	}()
	awaitCollected(t, lost)
	runtime.KeepAlive(a)
}

// The bound is kept when the places of all shards are full and so is the rest.
func TestShardedBoundOfFullPlaces(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // for 8 shards, the places of each for some 240 values
	const limit, users = 3840, 64
	parent := newSource[int](t)
	a := combinators.NewSharded(parent, limit)
	var blocks [users][][]int
	for i := range blocks {
		for n := 1; n <= 40; n++ {
			blocks[i] = append(blocks[i], take(t, a, n))
		}
	}
	// Goroutines that all live have stacks at different places, and so most shards.
	var begun, ended sync.WaitGroup
	begun.Add(users)
	for _, own := range blocks {
		ended.Go(func() {
			begun.Done()
			begun.Wait()
			for _, s := range own {
				a.Deallocate(s)
			}
		})
	}
	ended.Wait()
	if parent.count > limit || parent.count < limit/2 {
		t.Errorf("keeps %d values, want at most %d and most of them", parent.count, limit)
	}
}

// GOMAXPROCS processors have four shards each, and the places of a shard are for the
// smallest classes of which one block each fits into limit/8P values. One goroutine fills
// its own place and what is kept behind the locks.
func TestShardedPlaces(t *testing.T) {
	for _, c := range []struct{ processors, limit, inPlaces int }{
		{1, 47, 1 + 2}, {1, 48, 1 + 2 + 3}, {1, 7, 0},
		{8, 320, 1 + 2}, {8, 384, 1 + 2 + 3},
	} {
		was := runtime.GOMAXPROCS(c.processors)
		parent := newSource[int](t)
		a := combinators.NewSharded(parent, c.limit)
		runtime.GOMAXPROCS(was)
		var blocks [][]int
		for range c.limit {
			blocks = append(blocks, take(t, a, 1))
		}
		for _, s := range blocks {
			a.Deallocate(s)
		}
		want := c.limit - 4*c.processors*c.inPlaces // behind the locks
		if c.inPlaces != 0 {
			want++
		}
		moved := 0 // the stack may move, and then other shards have places
		if c.inPlaces != 0 {
			moved = 3
		}
		if parent.count < want || parent.count > want+moved {
			t.Errorf("%d processors, limit %d: %d values are kept, want %d", c.processors, c.limit, parent.count, want)
		}
	}
}

// No more goes to the parent than has to, to make room for a block that was missed, and
// none of its own size.
func TestShardedMakesNoMoreRoomThanNeeded(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // with this limit no shard has places
	const limit = 7
	for _, c := range []struct{ ones, twos int }{{7, 0}, {3, 2}} {
		parent := newSource[int](t)
		a := combinators.NewSharded(parent, limit)
		var blocks [][]int
		for range c.ones {
			blocks = append(blocks, take(t, a, 1))
		}
		for range c.twos {
			blocks = append(blocks, take(t, a, 2))
		}
		missed := take(t, a, 2)
		for _, s := range blocks {
			a.Deallocate(s)
		}
		if len(parent.freed) != 0 {
			t.Errorf("%v were given back, though as much as the limit was released", parent.freed)
		}
		a.Deallocate(missed)
		if diff := cmp.Diff([]int{1, 1}, parent.freed); diff != "" {
			t.Errorf("given back to the parent (-want +got):\n%s", diff)
		}
	}
}

// Before a request fails, blocks go back, whether they are in places or not. For one that
// can never be served none do.
func TestShardedGivesBackFromPlacesAndLocks(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for n, limit := range map[int]int{4: 10, 64: 80} { // 4 values have a place, and 64 do not
		parent := newSource[int](t)
		parent.limit = limit
		a := combinators.NewSharded(parent, 1000)
		a.Deallocate(take(t, a, n))
		if _, err := a.Allocate(limit + 1); !errors.Is(err, allocator.ErrTooLarge) {
			t.Errorf("Allocate(%d) of %d: error %v, want ErrTooLarge", limit+1, limit, err)
		}
		if parent.count != n {
			t.Error("a block was given back for a request that can never be served")
		}
		a.Deallocate(take(t, a, limit))
	}
}

// A request that is larger than all classes goes to the parent as it is.
func TestShardedBeyondItsClasses(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const limit = 31 // of which 19 are behind the locks: the largest class has 16 values
	for _, n := range []int{17, 20} {
		parent := newSource[int](t)
		a := combinators.NewSharded(parent, limit)
		if good := a.GoodSize(n); good != n {
			t.Errorf("GoodSize(%d) is %d", n, good)
		}
		a.Deallocate(take(t, a, n))
		for _, c := range [][]int{parent.asked, parent.freed} {
			if diff := cmp.Diff([]int{n}, c); diff != "" {
				t.Errorf("asked of the parent or given back (-want +got):\n%s", diff)
			}
		}
	}
	// A block of 20 is like none of the classes, so what is foreign is still seen.
	a := combinators.NewSharded(heap[int](), limit)
	a.Deallocate(take(t, a, 20))
	if misuse(func() { a.Deallocate(make([]int, 3)) }) == nil {
		t.Error("a foreign block was taken")
	}
	a = combinators.NewSharded(combinators.NewQuantizer(heap[int](), func(n int) int { return (n + 18) / 19 * 19 }), limit)
	if _, ok := a.Resize(take(t, a, 16), 17); ok {
		t.Error("a block was resized to what is beyond all classes")
	}
}

// With more than 64 shards, a request finds the blocks of all of them.
func TestShardedOfManyShards(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(32))
	const users = 64
	misses := combinators.NewStats(heap[int]())
	a := combinators.NewSharded(misses, 2*64*users) // too few for a place of 64 values
	var blocks [users][]int
	for i := range blocks {
		blocks[i] = take(t, a, 64)
	}
	var released, ended sync.WaitGroup
	released.Add(users)
	for _, s := range blocks {
		ended.Go(func() {
			a.Deallocate(s)
			released.Done()
			released.Wait() // so that all live at once, on stacks at different places
			take(t, a, 64)
		})
	}
	ended.Wait()
	if n := misses.Counts().Total; n != users {
		t.Errorf("%d requests for what was just released have asked the parent %d times", users, n-users)
	}
}

// Trim gives up the lists of the blocks as well.
func TestShardedTrimDropsItsLists(t *testing.T) {
	const count = 1 << 15
	a := combinators.NewSharded(heap[int32](), count)
	before := bytesInUse()
	func() {
		blocks := make([][]int32, count)
		for i := range blocks {
			blocks[i] = take(t, a, 1)
		}
		for _, s := range blocks {
			a.Deallocate(s)
		}
	}()
	a.Trim()
	if grown := bytesInUse() - before; grown > count/2 {
		t.Errorf("%d bytes more are in use after %d blocks came and went", grown, count)
	}
	runtime.KeepAlive(a)
}

// bytesInUse returns the size of what is reachable on the Go heap.
func bytesInUse() int64 {
	runtime.GC()
	runtime.GC() // for what the first one has put on a queue
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
