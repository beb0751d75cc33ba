package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// Each client may have a megabyte of what all clients share.
func ExampleLimit() {
	shared := combinators.NewThreadSafe(combinators.NewRecycling(allocator.Heap[byte]{}, 16<<20))
	client := combinators.NewByteLimit(shared, 1<<20)

	upload, _ := client.Allocate(900 << 10)
	_, err := client.Allocate(200 << 10)
	fmt.Println(err)
	client.Deallocate(upload)
	_, err = client.Allocate(200 << 10)
	fmt.Println(err, client.Live()) // all the room that the block has
	// Output:
	// allocator: exhausted
	// <nil> 229376
}

// A parent that rounds up is not asked for what would be more than the limit.
func TestLimitRounds(t *testing.T) {
	source := newCapableSource[int32](t)
	a := combinators.NewLimit(combinators.NewBuddy(source, 64, 1), 12)
	for _, c := range []struct {
		n    int
		want error
	}{{9, allocator.ErrTooLarge}, {8, nil}, {5, allocator.ErrExhausted}, {4, nil}, {1, allocator.ErrExhausted}} {
		before := source.count
		s, err := a.Allocate(c.n)
		if !errors.Is(err, c.want) {
			t.Errorf("Allocate(%d) of %v: error %v, want %v", c.n, a, err, c.want)
		}
		if err != nil && source.count != before {
			t.Errorf("Allocate(%d), which failed, took %d values from the source", c.n, source.count-before)
		}
		defer a.Deallocate(s)
	}
}

func TestLimit(t *testing.T) {
	parent := newCapableSource[[4]int32](t)
	for _, a := range []*combinators.Limit[[4]int32]{combinators.NewLimit(parent, 10), combinators.NewByteLimit(parent, 16*10+15)} {
		unit := 1
		if a.String() == "ByteLimit(source, 175)" {
			unit = 16
		} else if a.String() != "Limit(source, 10)" {
			t.Errorf("prints as %v", a)
		}
		live := func(want int) {
			t.Helper()
			if a.Live() != unit*want || parent.count != want {
				t.Fatalf("%v: %d are live, and %d values of the parent; want %d values", a, a.Live(), parent.count, want)
			}
		}
		for n, want := range map[int]error{11: allocator.ErrTooLarge, math.MaxInt: allocator.ErrTooLarge, -1: allocator.ErrSize} {
			if _, err := a.Allocate(n); !errors.Is(err, want) {
				t.Errorf("%v: Allocate(%d): error %v, want %v", a, n, err, want)
			}
		}
		s := take(t, a, 10)
		live(10)
		if _, err := a.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
			t.Errorf("%v: Allocate(1) at the limit: error %v, want ErrExhausted", a, err)
		}
		a.Deallocate(take(t, a, 0))
		s, ok := a.Resize(s, 4)
		if !ok || cap(s) != 4 {
			t.Fatalf("%v: Resize to 4 gives %d values, %v", a, cap(s), ok)
		}
		live(4)
		for _, n := range []int{5, 11, math.MaxInt, 0, -1} { // the parent refuses to grow, and so may the limit
			if _, ok := a.Resize(s, n); ok {
				t.Errorf("%v: Resize to %d works", a, n)
			}
			live(4)
		}
		r := take(t, a, 6)
		live(10)
		a.Deallocate(s)
		a.Deallocate(r)
		live(0)
		take(t, a, 10)
		a.Reset()
		live(0)
	}
}

// askingParent does something else before it allocates.
type askingParent struct {
	allocator.Heap[int]
	before func()
}

func (p *askingParent) Allocate(n int) ([]int, error) {
	p.before()
	return p.Heap.Allocate(n)
}

// A request of less than no values does not let others have more than the limit, also while
// the parent looks at it.
func TestLimitBelowNothing(t *testing.T) {
	const limit = 10
	parent := new(askingParent)
	a := combinators.NewLimit(parent, limit)
	parent.before = func() {
		if live := a.Live(); live < 0 || live > limit {
			t.Errorf("%d of at most %d values are live", live, limit)
		}
	}
	if _, err := a.Allocate(-limit); !errors.Is(err, allocator.ErrSize) {
		t.Errorf("error %v, want ErrSize", err)
	}
}

func TestLimitOfNothing(t *testing.T) {
	a := combinators.NewLimit(heap[int](), 0)
	if _, err := a.Allocate(1); err == nil {
		t.Error("Allocate(1) works")
	}
	a.Deallocate(take(t, a, 0))
	wantPanic(t, "combinators: NewLimit: the limit is negative: -1", func() { combinators.NewLimit(heap[int](), -1) })
}

func TestLimitCountsNothingThatFails(t *testing.T) {
	a := combinators.NewLimit(allocator.Null[int]{}, 10)
	for range 20 {
		if _, err := a.Allocate(3); !errors.Is(err, allocator.ErrExhausted) {
			t.Fatalf("error %v, want ErrExhausted", err)
		}
	}
	if a.Live() != 0 {
		t.Errorf("%d values are live after failures alone", a.Live())
	}
}

func TestLimitGrowth(t *testing.T) {
	a := combinators.NewLimit(growing{}, 10)
	s := take(t, a, 4)
	if _, ok := a.Resize(s, 11); ok {
		t.Error("a block grew beyond the limit")
	}
	s, ok := a.Resize(s, 10)
	if !ok || a.Live() != 10 {
		t.Errorf("Resize to the limit: %v, %d live", ok, a.Live())
	}
	a.Deallocate(s)
	if a.Live() != 0 {
		t.Errorf("%d values are live after the release", a.Live())
	}
}

func TestLimitMisuse(t *testing.T) {
	a := combinators.NewLimit(heap[int](), 10)
	s := take(t, a, 4)
	a.Deallocate(s)
	e := misuse(func() { a.Deallocate(s) })
	if e == nil || e.Problem != "more is released than was handed out" || a.Live() != 0 {
		t.Errorf("panic is %v with %d live, want one that says so", e, a.Live())
	}
}

func TestLimitOfZero(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewLimit(parent, 0)
	if s, err := a.Allocate(1); s != nil || !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Allocate(1) is %d values and error %v, want ErrTooLarge", len(s), err)
	}
	a.Deallocate(take(t, a, 0))
}

func TestByteLimitOfValuesWithoutSize(t *testing.T) {
	a := combinators.NewByteLimit(heap[struct{}](), 0)
	s := take(t, a, math.MaxInt)
	r := take(t, a, math.MaxInt)
	if a.Live() != 0 {
		t.Errorf("%d bytes are live, want none", a.Live())
	}
	a.Deallocate(s)
	a.Deallocate(r)
	if _, err := a.Allocate(-1); !errors.Is(err, allocator.ErrSize) {
		t.Errorf("Allocate(-1): error %v, want ErrSize", err)
	}
}

// What others ask for and do not get must not be in the way: of several that
// ask at once for what is left, one gets it.
func TestLimitIsNeverExceededNorMissed(t *testing.T) {
	const limit = 100
	var live, failures atomic.Int64
	a := combinators.NewLimit(heap[byte](), limit)
	kept := take(t, a, limit-1)
	var users sync.WaitGroup
	for id := range 4 {
		users.Go(func() {
			for i := range 2000 {
				n := 1 + (i+id)%3 // 2 and 3 fail always
				s, err := a.Allocate(n)
				if err != nil {
					failures.Add(1)
					continue
				}
				if got := live.Add(int64(n)); got > 1 {
					t.Errorf("%d values are out beyond those that are kept", got)
				}
				live.Add(int64(-n))
				a.Deallocate(s)
			}
		})
	}
	users.Wait()
	a.Deallocate(take(t, a, 1))
	a.Deallocate(kept)
	if a.Live() != 0 || failures.Load() == 0 {
		t.Errorf("%d values are live, %d failures", a.Live(), failures.Load())
	}
}

func BenchmarkLimit(b *testing.B) {
	slot := new(combinators.SingleSlot[element])
	benchmarkPair(b, "interface", combinators.NewLimit(slot, 64))
	benchmarkPair(b, "unlimited", slot)
}

// What counts is the room of a block: one that the parent has made larger than was
// asked for goes back if that is beyond the limit, and leaves no trace.
func TestLimitCountsTheRoom(t *testing.T) {
	parent := newSource[int](t)
	parent.extra = 2
	a := combinators.NewLimit(parent, 20)
	s := take(t, a, 8) // 12 values
	if a.Live() != 12 {
		t.Errorf("%d values are live, want 12", a.Live())
	}
	for _, n := range []int{6, 7, 8} { // up to the limit by themselves, and not with their room
		if r, err := a.Allocate(n); r != nil || !errors.Is(err, allocator.ErrExhausted) {
			t.Errorf("Allocate(%d) is %d values and error %v, want ErrExhausted", n, len(r), err)
		}
		if a.Live() != 12 || parent.count != 12 {
			t.Errorf("%d values are live, %d of the parent, want 12", a.Live(), parent.count)
		}
	}
	r := take(t, a, 5) // 7 values
	u := take(t, a, 1) // and that is the limit
	a.Deallocate(u)
	a.Deallocate(r[:0])
	a.Deallocate(s)
	if a.Live() != 0 || parent.count != 0 {
		t.Errorf("%d values are live, %d of the parent", a.Live(), parent.count)
	}
}

// One value has no room beside it, whatever the parent's GoodSize says.
func TestLimitOfOne(t *testing.T) {
	a := combinators.NewLimit(newCapableSource[int](t), 1) // its GoodSize is at least 2
	a.Deallocate(take(t, a, 1))
	if a.Live() != 0 {
		t.Errorf("%d values are live after the release", a.Live())
	}
}

// resizing does something else before it resizes.
type resizing struct {
	*capableSource[int]
	before func()
}

func (p resizing) Resize(s []int, n int) ([]int, bool) {
	p.before()
	return p.capableSource.Resize(s, n)
}

// A Resize to a size that cannot be does not let others have more than the limit, also
// while the parent looks at it.
func TestLimitResizeToNoSize(t *testing.T) {
	parent := &resizing{capableSource: newCapableSource[int](t)}
	a := combinators.NewByteLimit(parent, 100)
	s := take(t, a, 4)
	live := a.Live()
	parent.before = func() {
		if a.Live() < live {
			t.Errorf("%d of %d bytes are live", a.Live(), live)
		}
	}
	for _, n := range []int{math.MaxInt, math.MinInt, -1, 0} {
		if _, ok := a.Resize(s, n); ok {
			t.Errorf("Resize to %d works", n)
		}
	}
	if s, ok := a.Resize(s, 1); !ok || a.Live() != live/4 {
		t.Errorf("Resize of 4 values to 1: %d values, %v, and %d bytes are live, want %d", len(s), ok, a.Live(), live/4)
	}
}

// A block that turns out to be larger than the limit goes back.
func TestLimitOfAGenerousParent(t *testing.T) {
	parent := generous[int]{newSource[int](t)}
	for _, c := range []struct{ n, limit int }{{8, 11}, {8, 10}, {2, 2}} { // blocks of 12 and 3
		a := combinators.NewLimit(parent, c.limit)
		if s, err := a.Allocate(c.n); err != allocator.ErrTooLarge || s != nil {
			t.Errorf("Allocate(%d) of %v: %d values, error %v, want ErrTooLarge", c.n, a, len(s), err)
		}
		if a.Live() != 0 || parent.count != 0 {
			t.Errorf("%d values count as live, and %d are not back with the parent", a.Live(), parent.count)
		}
	}
	a := combinators.NewLimit(parent, 9)
	take(t, a, 6) // it has 9
	if a.Live() != 9 {
		t.Errorf("%d values are live, want the 9 that the block has", a.Live())
	}
}
