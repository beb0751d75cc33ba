package combinators_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleScoped() {
	buffers := combinators.NewStats(allocator.Heap[byte]{})
	handle := func(request string) error {
		scope := combinators.NewScoped(buffers)
		defer scope.Close()
		for _, part := range request {
			b, err := scope.Allocate(100)
			if err != nil {
				return err
			}
			if part == '?' {
				return errors.New("not understood")
			}
			b[0] = byte(part)
		}
		return nil
	}
	fmt.Println(handle("abc"), handle("ab?cd"))
	fmt.Println("left behind:", buffers.Counts().Live)
	// Output:
	// <nil> not understood
	// left behind: 0
}

var _ io.Closer = (*combinators.Scoped[int])(nil)

func TestScopedClosesInOppositeOrder(t *testing.T) {
	for _, blocks := range []int{1, 5, 100} {
		parent := newSource[int](t)
		a := combinators.NewScoped(parent)
		var want []int
		var early [][]int
		for n := range blocks {
			s := take(t, a, n+1)
			if n%3 == 1 {
				early = append(early, s)
			} else {
				want = append([]int{n + 1}, want...)
			}
		}
		for _, s := range early {
			a.Deallocate(s)
		}
		parent.freed = nil
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, parent.freed); diff != "" {
			t.Errorf("%d blocks, given back to the parent (-want +got):\n%s", blocks, diff)
		}
		if parent.count != 0 {
			t.Errorf("%d blocks: %d values are not back with the parent", blocks, parent.count)
		}
	}
}

// What the scope remembers of released blocks is bounded, in whatever order
// they are released.
func TestScopedForgetsReleasedBlocks(t *testing.T) {
	for _, live := range []int{1, 3, 10, 20, 100} {
		a := combinators.NewScoped(combinators.NewSlab(heap[int](), 200))
		window := make([][]int, live)
		first := take(t, a, 1) // so that nothing is last
		i := 0
		round := func() {
			for range 5 * live {
				a.Deallocate(window[i%live])
				window[i%live] = take(t, a, 1)
				i++
			}
		}
		for range 20 {
			round()
		}
		if places := a.Places(); places > 3*live+20 {
			t.Errorf("%d live blocks: the scope has %d places for them", live, places)
		}
		if allocs := testing.AllocsPerRun(50, round); allocs != 0 {
			t.Errorf("%d live blocks: %v allocations a round", live, allocs)
		}
		a.Deallocate(first)
	}
}

func TestScopedOwnsLiveBlocksOnly(t *testing.T) {
	for _, blocks := range []int{1, 50} {
		a := combinators.NewScoped(newSource[int](t))
		var all [][]int
		for range blocks {
			all = append(all, take(t, a, 2))
		}
		for _, s := range all {
			if !a.Owns(s) {
				t.Error("does not own a live block")
			}
			a.Deallocate(s)
			if a.Owns(s) {
				t.Error("owns a released block")
			}
		}
	}
}

func TestScopedResize(t *testing.T) {
	parent := newCapableSource[int](t)
	a := combinators.NewScoped(parent)
	s := take(t, a, 5)
	if _, ok := a.Resize(s, 6); ok {
		t.Error("claims to have resized a block; its parent refused")
	}
	s, ok := a.Resize(s, 2)
	if !ok || len(s) != 2 {
		t.Fatal("cannot resize a block; its parent can")
	}
	if _, ok := a.Resize(take[int](t, parent, 3), 2); ok {
		t.Error("resized a block of the parent that is not in the scope")
	}
	e := misuse(func() { a.Resize(s[:1:1], 1) })
	if e == nil || !strings.HasPrefix(e.Problem, "resized with another capacity than it was handed out with") {
		t.Errorf("Resize of a part of a block: panic is %v", e)
	}
	a.Deallocate(s)
	if a.GoodSize(1) != 2 {
		t.Error("GoodSize is not the parent's")
	}
}

// Blocks without storage go back to the parent as well.
func TestScopedWithoutStorage(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewScoped(parent)
	a.Deallocate(take(t, a, 0))
	if diff := cmp.Diff([]int{0}, parent.freed); diff != "" {
		t.Errorf("given back to the parent (-want +got):\n%s", diff)
	}
}

func BenchmarkScoped(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewScoped(new(combinators.SingleSlot[element])))
	many := combinators.NewScoped(combinators.NewRecycling(allocator.Heap[element]{}, 1000))
	for range 100 {
		if _, err := many.Allocate(1); err != nil {
			b.Fatal(err)
		}
	}
	benchmarkPair(b, "interface/live=100", many)
	benchmarkPair(b, "unscoped", new(combinators.SingleSlot[element]))
	benchmarkPeers(b)
}
