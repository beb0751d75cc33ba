package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A message goes to all members of a room, in one buffer that the last write
// releases.
func ExampleShared() {
	type message = combinators.Ref[byte]
	buffers := combinators.NewStats(combinators.NewSharded(allocator.Heap[byte]{}, 1<<20))
	messages := combinators.NewShared(buffers)

	// Each member has a queue and a goroutine that writes what is in it.
	var members [3]chan message
	var received [len(members)]string
	var writers sync.WaitGroup
	for i := range members {
		members[i] = make(chan message, 16)
		writers.Go(func() {
			for m := range members[i] {
				received[i] += string(m.Values()) // a write to the connection
				m.Release()
			}
		})
	}

	broadcast := func(text string) {
		m, err := messages.Allocate(len(text))
		if err != nil {
			return
		}
		copy(m.Values(), text)
		for _, queue := range members {
			queue <- m.Retain()
		}
		m.Release()
	}
	broadcast("hello, ")
	broadcast("all")

	for _, queue := range members {
		close(queue)
	}
	writers.Wait()
	fmt.Println(received)
	fmt.Println("buffers:", buffers.Counts().Total, "live:", buffers.Counts().Live)
	// Output:
	// [hello, all hello, all hello, all]
	// buffers: 2 live: 0
}

// A message whose length is not known beforehand is built in a block, which is
// then shared.
func ExampleShared_Share() {
	buffers := combinators.NewRecycling(allocator.Heap[byte]{}, 1<<20)
	messages := combinators.NewShared(buffers)

	block, err := buffers.Allocate(100)
	if err != nil {
		fmt.Println(err)
		return
	}
	block = fmt.Appendf(block[:0], "%d members", 3)
	m := messages.Share(block)
	fmt.Printf("%s\n", m.Values())
	m.Release()
	fmt.Println(messages)
	// Output:
	// 3 members
	// Shared(Recycling(Heap[uint8], 1048576))
}

func TestSharedReleasesWithTheLastReference(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewShared(parent)
	for _, references := range []int{1, 2, 7} {
		r, err := a.Allocate(5)
		if err != nil || len(r.Values()) != 5 || cap(r.Values()) != 5 {
			t.Fatalf("Allocate(5): %d values with room for %d, error %v", len(r.Values()), cap(r.Values()), err)
		}
		r.Values()[4] = 42
		for range references - 1 {
			r.Retain()
		}
		for i := range references {
			if parent.count != 5 || r.Values()[4] != 42 {
				t.Fatalf("%d of %d references are released, and the parent has %d values out", i, references, parent.count)
			}
			r.Release()
		}
		if parent.count != 0 {
			t.Fatalf("%d references are released, and the parent has %d values out", references, parent.count)
		}
	}
}

// The parent gets back what it gave, however much of it is shared, and nobody
// can append to what others read.
func TestSharedBlockWithRoom(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewShared[int](parent)
	block := take(t, parent, 10)
	r := a.Share(block[:3])
	if s := r.Values(); len(s) != 3 || cap(s) != 3 || !same(s, block) {
		t.Errorf("%d values with room for %d", len(s), cap(s))
	}
	r.Release() // the source complains about another capacity
	if parent.count != 0 {
		t.Errorf("the parent has %d values out", parent.count)
	}
}

func TestSharedOfNothing(t *testing.T) {
	a := combinators.NewShared(newSource[int](t))
	r, err := a.Allocate(0)
	if err != nil || len(r.Values()) != 0 {
		t.Errorf("Allocate(0) is %d values and error %v", len(r.Values()), err)
	}
	r.Release()
}

func TestSharedExhausted(t *testing.T) {
	a := combinators.NewShared(allocator.Null[int]{})
	if r, err := a.Allocate(1); r != (combinators.Ref[int]{}) || !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("Allocate(1) is %v and error %v, want ErrExhausted", r, err)
	}
	if _, err := a.Allocate(-1); !errors.Is(err, allocator.ErrSize) {
		t.Errorf("Allocate(-1): error %v, want ErrSize", err)
	}
	if allocs := testing.AllocsPerRun(100, func() { a.Allocate(1) }); allocs != 0 {
		t.Errorf("%v allocations a failure", allocs)
	}
	wantPanic(t, "combinators: NewShared: the parent is nil", func() { combinators.NewShared[int](nil) })
}

// Whatever is done with a reference after the last one was released is seen, also
// when its count and its storage are another block's.
func TestSharedMisuse(t *testing.T) {
	for problem, use := range map[string]func(r combinators.Ref[int]){
		"released more often than retained":              combinators.Ref[int].Release,
		"retained after its last reference was released": func(r combinators.Ref[int]) { r.Retain() },
		"used after its last reference was released":     func(r combinators.Ref[int]) { r.Values() },
	} {
		a := combinators.NewShared(combinators.NewSingleSlot(heap[int]()))
		check := func(when string, r combinators.Ref[int]) {
			t.Helper()
			e := misuse(func() { use(r) })
			if e == nil || e.Problem != problem || e.Allocator != a.String() {
				t.Errorf("%s: panic is %v, want one that says %s", when, e, problem)
			}
		}
		stale, _ := a.Allocate(3)
		stale.Release()
		check("released", stale)
		next, _ := a.Allocate(3)
		check("released, and its storage is another's", stale)
		next.Retain()
		next.Release()
		next.Values()
		next.Release()
		check("released twice over", stale)
		check("the next one", next)

		zero := misuse(func() { use(combinators.Ref[int]{}) })
		if zero == nil || zero.Problem != "a reference to nothing" {
			t.Errorf("zero Ref: panic is %v", zero)
		}
	}
}

func TestSharedRetainedTooOften(t *testing.T) {
	a := combinators.NewShared(heap[int]())
	r, _ := a.Allocate(1)
	r = r.SetState(7, math.MaxUint32-1)
	r.Retain()
	if e := misuse(func() { r.Retain() }); e == nil || e.Problem != "retained too often" {
		t.Errorf("panic is %v, want one that says retained too often", e)
	}
	r.Release() // the count has not become another one
}

// A count whose generations are used up is not used again.
func TestSharedGenerations(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewShared(parent)
	r, _ := a.Allocate(1)
	first := r
	last := r.SetState(math.MaxUint32, 1)
	last.Release()
	if parent.count != 0 {
		t.Error("the block of the last generation was not released")
	}
	for range 3 {
		next, _ := a.Allocate(1)
		for _, stale := range []combinators.Ref[int]{first, last} {
			if misuse(func() { stale.Values() }) == nil {
				t.Error("a reference to a block that was released refers to another one")
			}
		}
		next.Release()
	}
}

// reluctant panics in Deallocate while it is told to.
type reluctant[T any] struct {
	allocator.Allocator[T]
	refuses bool
}

func (a *reluctant[T]) Deallocate(s []T) {
	if a.refuses && cap(s) != 0 {
		panic("refused")
	}
	a.Allocator.Deallocate(s)
}

// What a parent refuses to take back is not released, and can be later.
func TestSharedParentPanics(t *testing.T) {
	source := newSource[int](t)
	parent := &reluctant[int]{Allocator: source}
	a := combinators.NewShared[int](parent)
	r, _ := a.Allocate(3)
	r.Retain()
	r.Release()
	parent.refuses = true
	wantPanic(t, "refused", r.Release)
	if len(r.Values()) != 3 {
		t.Errorf("has %d values after a release that was refused", len(r.Values()))
	}
	parent.refuses = false
	r.Release()
	if source.count != 0 {
		t.Errorf("the parent has %d values out", source.count)
	}
}

func TestSharedAllocatesNothing(t *testing.T) {
	a := combinators.NewShared(combinators.NewRecycling(heap[element](), 64))
	var refs [10]combinators.Ref[element]
	if allocs := testing.AllocsPerRun(100, func() {
		for i := range refs {
			refs[i], _ = a.Allocate(1 + i%3)
			refs[i].Retain()
		}
		for _, r := range refs {
			r.Release()
			r.Release()
		}
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

func TestSharedTrim(t *testing.T) {
	parent := newCapableSource[int](t)
	a := combinators.NewShared(parent)
	r, _ := a.Allocate(1)
	s, _ := a.Allocate(2)
	r.Release()
	a.Trim()
	if parent.trims != 1 {
		t.Error("Trim did not reach the parent")
	}
	if misuse(r.Release) == nil {
		t.Error("a release too many is not seen after Trim")
	}
	if len(s.Values()) != 2 {
		t.Error("Trim took a block that is in use")
	}
	s.Release()
}

// Trim drops the counts: the next block needs a new one.
func TestSharedTrimDropsTheCounts(t *testing.T) {
	a := combinators.NewShared[byte](always{make([]byte, 1)})
	pair := func() {
		r, _ := a.Allocate(1)
		r.Release()
	}
	pair()
	if allocs := testing.AllocsPerRun(100, pair); allocs != 0 {
		t.Errorf("%v allocations a run without Trim", allocs)
	}
	if allocs := testing.AllocsPerRun(100, func() { pair(); a.Trim() }); allocs == 0 {
		t.Error("no allocation a run with Trim, so the counts were kept")
	}
}

// A count that is to be used again holds no block.
func TestSharedForgetsWhatItReleases(t *testing.T) {
	a := combinators.NewShared(heap[element]())
	collected := make(chan struct{})
	func() {
		r, _ := a.Allocate(1)
		runtime.AddCleanup(&r.Values()[0], func(c chan struct{}) { close(c) }, collected)
		r.Release()
	}()
	awaitCollected(t, collected)
	runtime.KeepAlive(a)
}

// Many goroutines hold, pass on and release references to the same blocks. In a
// race build a block that is released too early is a race with its next owner.
func TestSharedByManyGoroutines(t *testing.T) {
	counts := combinators.NewStats(combinators.NewSharded(heap[int](), 1000))
	a := combinators.NewShared(counts)
	var readers sync.WaitGroup
	var queues [4]chan combinators.Ref[int]
	for i := range queues {
		queues[i] = make(chan combinators.Ref[int], 8)
		readers.Go(func() {
			for r := range queues[i] {
				again := r.Retain()
				r.Release()
				if s := again.Values(); s[0] != s[len(s)-1] {
					t.Errorf("a block has %d at its start and %d at its end", s[0], s[len(s)-1])
				}
				again.Release()
			}
		})
	}
	var writers sync.WaitGroup
	for id := range 2 {
		writers.Go(func() {
			for i := range 1000 {
				r, err := a.Allocate(2 + i%5)
				if err != nil {
					t.Error(err)
					return
				}
				for k := range r.Values() {
					r.Values()[k] = id<<20 + i
				}
				for _, q := range queues {
					q <- r.Retain()
				}
				r.Release()
			}
		})
	}
	writers.Wait()
	for _, q := range queues {
		close(q)
	}
	readers.Wait()
	if c := counts.Counts(); c.Live != 0 || c.Total != 2000 {
		t.Errorf("%d blocks were handed out and %d are live", c.Total, c.Live)
	}
}

// BenchmarkShared measures what it takes to give one message of 1500 bytes to
// eight receivers: a reference each, a copy each in a buffer of a sync.Pool, and
// a slice of the Go heap, whose references the collector finds.
func BenchmarkShared(b *testing.B) {
	const receivers, size = 8, 1500
	message := make([]byte, size)
	b.Run("references", func(b *testing.B) {
		b.ReportAllocs()
		messages := combinators.NewShared(combinators.NewSharded(heap[byte](), 1<<20))
		var queue [receivers]combinators.Ref[byte]
		for range b.N {
			m, err := messages.Allocate(size)
			if err != nil {
				b.Fatal(err)
			}
			copy(m.Values(), message)
			for i := range queue {
				queue[i] = m.Retain()
			}
			m.Release()
			for _, r := range queue {
				r.Release()
			}
		}
	})
	b.Run("peer=copies", func(b *testing.B) {
		b.ReportAllocs()
		pool := sync.Pool{New: func() any { return new([size]byte) }}
		var queue [receivers]*[size]byte
		for range b.N {
			for i := range queue {
				queue[i] = pool.Get().(*[size]byte)
				copy(queue[i][:], message)
			}
			for _, m := range queue {
				pool.Put(m)
			}
		}
	})
	b.Run("peer=make", func(b *testing.B) {
		b.ReportAllocs()
		queue := new([receivers][]byte)
		receiverQueues = queue
		for range b.N {
			m := make([]byte, size)
			copy(m, message)
			for i := range queue {
				queue[i] = m
			}
			clear(queue[:])
		}
	})
}

var receiverQueues any // so that they are on the heap
