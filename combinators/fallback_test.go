package combinators_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A slab serves the usual number of requests, and the Go heap serves the rest.
func ExampleFallback() {
	type request struct{ Path string }
	usual := combinators.NewSlab(allocator.Heap[request]{}, 2)
	beyond := combinators.NewStats(allocator.Heap[request]{})
	requests := combinators.NewFallback(usual, beyond)

	var live []*request
	for range 5 {
		r, err := allocator.New(requests)
		if err != nil {
			fmt.Println(err)
			return
		}
		live = append(live, r)
	}
	fmt.Println("beyond the usual:", beyond.Counts().Live)
	for _, r := range live {
		allocator.Delete(requests, r)
	}
	fmt.Println("beyond the usual:", beyond.Counts().Live)
	// Output:
	// beyond the usual: 3
	// beyond the usual: 0
}

// A fallback that gives every block to its primary, or to the parent that
// would serve the size now, gives some to the wrong one.
func TestFallbackReleasesToTheParentThatGave(t *testing.T) {
	primary, secondary := newCapableSource[int](t), newSource[int](t)
	primary.limit = 10
	a := combinators.NewFallback(primary, secondary)
	var blocks [][]int
	for _, n := range []int{4, 5, 4, 11, 1} {
		blocks = append(blocks, take(t, a, n))
	}
	if diff := cmp.Diff([]int{4, 5, 4, 11, 1}, primary.asked); diff != "" {
		t.Errorf("requests to the primary (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 11}, secondary.asked); diff != "" {
		t.Errorf("requests to the secondary (-want +got):\n%s", diff)
	}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	if diff := cmp.Diff([]int{4, 5, 1}, primary.freed); diff != "" {
		t.Errorf("released to the primary (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 11}, secondary.freed); diff != "" {
		t.Errorf("released to the secondary (-want +got):\n%s", diff)
	}
}

// All blocks of no size may start at the same place, so all of them go back to
// a primary that owns such a place. A layer there that counts sees one more
// than it gave.
func TestFallbackOfValuesWithoutSize(t *testing.T) {
	slab := combinators.NewSlab(heap[struct{}](), 1)
	beyond := combinators.NewStats(heap[struct{}]())
	a := combinators.NewFallback(combinators.NewLimit(slab, 2), beyond)
	first, second, third := take(t, a, 1), take(t, a, 1), take(t, a, 1)
	if c := beyond.Counts(); c.Live != 1 {
		t.Fatalf("the secondary has %d blocks out, want the third", c.Live)
	}
	a.Deallocate(third)
	a.Deallocate(second)
	if e := misuse(func() { a.Deallocate(first) }); e == nil || e.Problem != "more is released than was handed out" {
		t.Errorf("panic is %v, want that of the limit", e)
	}
	if c := beyond.Counts(); c.Live != 1 {
		t.Errorf("the secondary has %d blocks out, want the one that it did not get back", c.Live)
	}
}

func TestFallbackResizesWhereTheBlockLies(t *testing.T) {
	primary, secondary := newCapableSource[int](t), newCapableSource[int](t)
	primary.limit = 3
	a := combinators.NewFallback(primary, secondary)
	first, second := take(t, a, 3), take(t, a, 5)
	for _, s := range [][]int{first, second} {
		r, ok := a.Resize(s, 2)
		if !ok || !same(r, s) || cap(r) != 2 {
			t.Errorf("a block of %d: Resize to 2 gives %d values, %v", cap(s), cap(r), ok)
		}
		a.Deallocate(r)
	}
	if primary.count != 0 || secondary.count != 0 {
		t.Errorf("%d and %d values are out, want none", primary.count, secondary.count)
	}
}

func TestFallbackFailsForTheReasonThatMayPass(t *testing.T) {
	for _, c := range []struct{ primary, secondary, want error }{
		{allocator.ErrExhausted, allocator.ErrTooLarge, allocator.ErrExhausted},
		{allocator.ErrTooLarge, allocator.ErrExhausted, allocator.ErrExhausted},
		{allocator.ErrTooLarge, allocator.ErrTooLarge, allocator.ErrTooLarge},
		{allocator.ErrExhausted, allocator.ErrExhausted, allocator.ErrExhausted},
		{allocator.ErrExhausted, combinators.ErrInduced, combinators.ErrInduced}, // that of the secondary
	} {
		a := combinators.NewFallback(refusing{err: c.primary}, refusing{err: c.secondary})
		if s, err := a.Allocate(1); s != nil || !errors.Is(err, c.want) {
			t.Errorf("%v and %v: error %v, want %v", c.primary, c.secondary, err, c.want)
		}
	}
}

// refusing fails always, with the same error.
type refusing struct {
	allocator.Null[int]
	err error
}

func (a refusing) Allocate(int) ([]int, error) { return nil, a.err }

func TestFallbackOverAPrimaryThatCannotOwn(t *testing.T) {
	defer func() {
		want := "combinators: Fallback(Stats(Heap[int]), Recycling(Null[int], 8)) cannot work: Stats(Heap[int]) cannot tell which blocks are its own"
		if got := recover(); got != want {
			t.Errorf("panic is %v, want %q", got, want)
		}
	}()
	combinators.NewFallback(combinators.NewStats(heap[int]()), combinators.NewRecycling(allocator.Null[int]{}, 8))
}

// If one of two parents cannot be reset, neither is.
func TestFallbackResetsBothOrNone(t *testing.T) {
	able, unable := newCapableSource[int](t), newSource[int](t)
	a := combinators.NewFallback(able, unable)
	take(t, a, 2)
	if _, ok := allocator.AsResetter(a); ok {
		t.Error("claims that it can be reset; its secondary cannot")
	}
	if _, ok := allocator.AsOwner(a); ok {
		t.Error("claims to know what it owns; its secondary cannot tell")
	}
	func() {
		defer func() { recover() }()
		a.Reset()
	}()
	if able.count != 2 {
		t.Error("one parent was reset and the other was not")
	}
	a = combinators.NewFallback(owning{unable}, able)
	wantPanic(t, "combinators: Reset: the parent cannot be reset", a.Reset)
	if able.count != 2 {
		t.Error("the secondary was reset and the primary was not")
	}
}

// If both can be reset, both are.
func TestTwoParentsAreReset(t *testing.T) {
	first, second := newCapableSource[int](t), newCapableSource[int](t)
	first.limit = 3
	for _, a := range []allocator.Allocator[int]{
		combinators.NewFallback(first, second),
		combinators.NewSegregator(first, second, 3),
	} {
		take(t, a, 2)
		take(t, a, 5)
		if first.count != 2 || second.count != 5 {
			t.Fatalf("%v: the parents have %d and %d values out, want 2 and 5", a, first.count, second.count)
		}
		a.(allocator.Resetter).Reset()
		if first.count != 0 || second.count != 0 {
			t.Errorf("%v: after Reset the parents have %d and %d values out", a, first.count, second.count)
		}
	}
}

func TestTwoParentsAreTrimmed(t *testing.T) {
	first, second := newCapableSource[int](t), newCapableSource[int](t)
	for i, a := range []allocator.Trimmer{
		combinators.NewFallback(first, second),
		combinators.NewSegregator(first, second, 3),
	} {
		a.Trim()
		if first.trims != i+1 || second.trims != i+1 {
			t.Errorf("%v: the parents were trimmed %d and %d times, want %d", a, first.trims, second.trims, i+1)
		}
	}
}

func BenchmarkFallback(b *testing.B) {
	hit := combinators.NewSlab(heap[element](), 64)
	benchmarkPair(b, "primary", combinators.NewFallback(hit, heap[element]()))
	benchmarkPair(b, "secondary", combinators.NewFallback(allocator.Null[element]{}, hit))
	benchmarkPair(b, "alone", hit)
}
