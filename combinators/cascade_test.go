package combinators_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A slab of 1000 sessions, and as many more slabs as are needed.
func ExampleCascade() {
	type session struct{ Name string }
	storage := combinators.NewStats(allocator.Heap[session]{})
	sessions := combinators.NewCascade(func(n int) allocator.Allocator[session] {
		return combinators.NewSlab(storage, max(n, 1000))
	})
	var live []*session
	for range 2500 {
		s, _ := allocator.New(sessions)
		live = append(live, s)
	}
	fmt.Println("slabs:", storage.Counts().Live)
	for _, s := range live {
		allocator.Delete(sessions, s)
	}
	fmt.Println("slabs:", storage.Counts().Live)
	// Output:
	// slabs: 3
	// slabs: 1
}

// slabs is a Cascade of slabs of four values over one source, and what it was
// asked to make.
func slabs(t *testing.T) (*combinators.Cascade[int], *source[int], *[]int) {
	parent, made := newSource[int](t), new([]int)
	return combinators.NewCascade(func(n int) allocator.Allocator[int] {
		*made = append(*made, n)
		return combinators.NewSlab(parent, max(n, 4))
	}), parent, made
}

func TestCascadeGrows(t *testing.T) {
	a, parent, made := slabs(t)
	for _, n := range []int{4, 2, 3, 1, 1, 9} {
		take(t, a, n)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 9}, *made); diff != "" {
		t.Errorf("asked to make (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 4, 4, 9}, parent.asked); diff != "" {
		t.Errorf("asked of the source (-want +got):\n%s", diff)
	}
}

func TestCascadeKeepsOneEmptyChild(t *testing.T) {
	a, parent, made := slabs(t)
	for range 3 {
		var blocks [][]int
		for range 5 {
			blocks = append(blocks, take(t, a, 4))
		}
		for i := range blocks {
			a.Deallocate(blocks[(i*2)%5])
			if want := 4 * (5 - i); parent.count != want {
				t.Errorf("with %d of 5 children in use, %d values are out, want %d", 4-i, parent.count, want)
			}
		}
	}
	if want := 1 + 3*4; len(*made) != want {
		t.Errorf("%d children were made, want %d: the one that is kept is to be used again", len(*made), want)
	}
	// To go back and forth at the edge of a child makes none.
	before := len(*made)
	take(t, a, 4)
	for range 10 {
		a.Deallocate(take(t, a, 1))
	}
	if got := len(*made) - before; got != 1 {
		t.Errorf("%d children were made for one more block, again and again", got)
	}
	a.Trim()
	if parent.count != 4 {
		t.Errorf("after Trim %d values are out, want those of the child in use", parent.count)
	}
}

func TestCascadeAsksTheLastUsedFirst(t *testing.T) {
	var children []*capableSource[int]
	a := combinators.NewCascade(func(int) allocator.Allocator[int] {
		c := newCapableSource[int](t)
		c.limit = 2
		children = append(children, c)
		return c
	})
	first := take(t, a, 2)
	second := take(t, a, 2)
	third := take(t, a, 2)
	a.Deallocate(first)
	for _, c := range children {
		c.asked = nil
	}
	if s := take(t, a, 2); !children[0].Owns(s) {
		t.Error("the child where a block was released last did not serve the request")
	}
	for i, want := range []int{1, 0, 0} {
		if len(children[i].asked) != want {
			t.Errorf("child %d was asked %d times, want %d", i, len(children[i].asked), want)
		}
	}
	a.Deallocate(third)
	a.Deallocate(second)
}

// A request that can never be served must not make the list grow, nor one that
// is for nothing.
func TestCascadeGrowsForNoImpossibleRequest(t *testing.T) {
	a, parent, made := slabs(t)
	for _, n := range []int{-1, math.MinInt, math.MaxInt, 0} {
		if s, err := a.Allocate(n); len(s) != 0 || (err == nil) != (n == 0) {
			t.Errorf("Allocate(%d) is %d values and error %v", n, len(s), err)
		}
	}
	if len(*made) != 1 || parent.count != 0 {
		t.Errorf("%d children made, %d values out; want 1 and 0", len(*made), parent.count)
	}
}

func TestCascadeGivesUpItsEmptyChildBeforeItFails(t *testing.T) {
	for _, children := range []int{1, 2} {
		a, parent, _ := slabs(t)
		parent.limit = 4*children + 2
		var kept []int
		if children == 2 {
			kept = take(t, a, 4)
		}
		a.Deallocate(take(t, a, 4))
		s := take(t, a, 5) // there is room for it if the empty child goes
		if _, err := a.Allocate(4); !errors.Is(err, allocator.ErrExhausted) {
			t.Errorf("%d children: error %v, want ErrExhausted", children, err)
		}
		if want := 5 + len(kept); parent.count != want {
			t.Errorf("%d children: %d values are out after a failure, want %d", children, parent.count, want)
		}
		a.Deallocate(s)
		a.Deallocate(kept)
	}
}

func TestCascadeThatIsToGrowNoMore(t *testing.T) {
	made := false
	a := combinators.NewCascade(func(int) allocator.Allocator[int] {
		if made {
			return nil
		}
		made = true
		return combinators.NewSlab(heap[int](), 4)
	})
	take(t, a, 3)
	if _, err := a.Allocate(2); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("error %v, want ErrExhausted", err)
	}
	take(t, a, 1)
}

func TestCascadeOfChildrenThatCannotOwn(t *testing.T) {
	wantPanic(t, "combinators: Cascade(Stats(Heap[int])) cannot work: Stats(Heap[int]) cannot tell which blocks are its own", func() {
		combinators.NewCascade(func(int) allocator.Allocator[int] { return combinators.NewStats(heap[int]()) })
	})
}

func TestCascadeMisuse(t *testing.T) {
	a, _, _ := slabs(t)
	s := take(t, a, 3)
	a.Deallocate(s)
	if e := misuse(func() { a.Deallocate(s) }); e == nil || e.Problem != "released twice" || e.Allocator != a.String() {
		t.Errorf("panic is %v, want one that says released twice", e)
	}
	take(t, a, 1)
	if e := misuse(func() { a.Deallocate(make([]int, 1)) }); e == nil || !strings.HasPrefix(e.Problem, "released to an allocator that did not give it") {
		t.Errorf("panic is %v, want one for a foreign block", e)
	}
}

func TestCascadeResize(t *testing.T) {
	a, _, _ := slabs(t)
	take(t, a, 4)
	s := take(t, a, 2)
	s, ok := a.Resize(s, 4)
	if !ok || cap(s) != 4 {
		t.Errorf("Resize gives %d values, %v; there was room", cap(s), ok)
	}
	if _, ok := a.Resize(make([]int, 1), 1); ok {
		t.Error("a foreign block was resized")
	}
	if a.GoodSize(3) != 3 || !a.Capable(allocator.CanOwn) {
		t.Error("GoodSize or Capable is wrong")
	}
}

func TestCascadeReset(t *testing.T) {
	a, parent, _ := slabs(t)
	for range 5 {
		take(t, a, 3)
	}
	a.Reset()
	if parent.count != 4 {
		t.Errorf("after Reset %d values are out, want those of one child", parent.count)
	}
	a.Deallocate(take(t, a, 4))

	unable := combinators.NewCascade(func(int) allocator.Allocator[int] { return owning{heap[int]()} })
	wantPanic(t, "combinators: Reset: the parent cannot be reset", unable.Reset)
}

// After Reset, the allocator that is left has no live blocks: it counts them anew, and
// goes when another one is there.
func TestCascadeAfterReset(t *testing.T) {
	a, parent, _ := slabs(t)
	used := func() {
		for range 3 {
			take(t, a, 2)
		}
	}
	used()
	a.Reset()
	first, second := take(t, a, 4), take(t, a, 4)
	a.Deallocate(first)
	a.Deallocate(second)
	if parent.count != 4 {
		t.Errorf("with no block handed out, %d values are out, want those of one child", parent.count)
	}
	used()
	a.Reset()
	a.Deallocate(take(t, a, 9))
	if parent.count != 9 {
		t.Errorf("with no block handed out, %d values are out, want those of the child that was used last", parent.count)
	}
}

// If one of them cannot be reset, none is.
func TestCascadeResetsAllOrNone(t *testing.T) {
	for able := range 2 {
		parent := newCapableSource[int](t)
		made := 0
		a := combinators.NewCascade(func(n int) allocator.Allocator[int] {
			if made++; made-1 == able {
				return parent
			}
			return owning{combinators.NewLimit(heap[int](), 2)}
		})
		parent.limit = 2
		take(t, a, 2)
		take(t, a, 2)
		wantPanic(t, "combinators: Reset: the parent cannot be reset", a.Reset)
		if parent.count != 2 {
			t.Errorf("allocator %d was reset, though the other one cannot be", able)
		}
	}
}

// A request that an older allocator serves makes it the one that was used last.
func TestCascadeServesFromAnOlderOne(t *testing.T) {
	var children []*capableSource[int]
	a := combinators.NewCascade(func(n int) allocator.Allocator[int] {
		c := newCapableSource[int](t)
		c.limit = 10
		children = append(children, c)
		return c
	})
	take(t, a, 7)
	take(t, a, 10)
	for range 3 {
		take(t, a, 1)
	}
	if diff := cmp.Diff([][]int{{7, 10, 1, 1, 1}, {10, 1}}, [][]int{children[0].asked, children[1].asked}); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A request for nothing leaves no block that is counted.
func TestCascadeRequestForNothing(t *testing.T) {
	a, parent, made := slabs(t)
	for range 3 {
		if s := take(t, a, 0); cap(s) != 0 {
			t.Errorf("a request for nothing gives %d values", cap(s))
		}
	}
	s := take(t, a, 9)
	a.Trim()
	if parent.count != 9 || len(*made) != 2 {
		t.Errorf("%d children made, %d values out; want 2, the first of which was dropped, and 9", len(*made), parent.count)
	}
	a.Deallocate(s)
}

// What a failure costs: one new allocator, asked once if there is no storage to give up
// for it, and the one that is kept for later only if that can help.
func TestCascadeFails(t *testing.T) {
	parent := newSource[int](t)
	parent.limit = 8
	a := combinators.NewCascade(func(n int) allocator.Allocator[int] { return combinators.NewSlab(parent, max(n, 4)) })
	s := take(t, a, 4)
	fail := func(n int, want error, asked []int) {
		t.Helper()
		parent.asked = nil
		if _, err := a.Allocate(n); !errors.Is(err, want) {
			t.Errorf("Allocate(%d): error %v, want %v", n, err, want)
		}
		if diff := cmp.Diff(asked, parent.asked); diff != "" {
			t.Errorf("Allocate(%d) asked the source for (-want +got):\n%s", n, diff)
		}
	}
	fail(5, allocator.ErrExhausted, []int{5})
	a.Deallocate(s)
	fail(9, allocator.ErrTooLarge, []int{9})
	if parent.count != 4 {
		t.Errorf("%d values are out, want those of the child that is kept", parent.count)
	}
}

// owning claims all blocks, and cannot be reset.
type owning struct{ allocator.Allocator[int] }

func (owning) Owns(s []int) bool { return cap(s) != 0 }

func BenchmarkCascade(b *testing.B) {
	slab := func(n int) allocator.Allocator[element] { return combinators.NewSlab(heap[element](), max(n, 64)) }
	benchmarkPair(b, "interface", combinators.NewCascade(slab))
	benchmarkPair(b, "alone", slab(1))
}

// A region has its storage back only when it is reset, and one that is dropped
// is not asked for anything any more.
func TestCascadeDropsARegionWithItsStorage(t *testing.T) {
	parent := newSource[int](t)
	a := combinators.NewCascade(func(int) allocator.Allocator[int] { return combinators.NewRegion(parent, 4) })
	blocks := [][]int{take(t, a, 2), take(t, a, 2), take(t, a, 2), take(t, a, 2)}
	for _, s := range blocks {
		a.Deallocate(s)
	}
	if parent.count != 4 {
		t.Errorf("%d values are taken for one region of 4 that is kept", parent.count)
	}
}

// A request that nobody can serve, or not now, does not keep the list from growing
// for others.
func TestCascadeGrowsAfterARefusal(t *testing.T) {
	budget := combinators.NewLimit(heap[int](), 100)
	for name, test := range map[string]struct {
		parent  allocator.Allocator[int]
		refused int
		err     error
	}{
		"too large": {heap[int](), math.MaxInt / 4, allocator.ErrTooLarge},
		"exhausted": {budget, 98, allocator.ErrExhausted},
	} {
		t.Run(name, func(t *testing.T) {
			a := combinators.NewCascade(func(n int) allocator.Allocator[int] {
				return combinators.NewSlab(test.parent, max(n, 4))
			})
			take(t, a, 4)
			if _, err := a.Allocate(test.refused); !errors.Is(err, test.err) {
				t.Fatalf("Allocate(%d): %v, want %v", test.refused, err, test.err)
			}
			take(t, a, 1)
		})
	}
}

// A region of which nothing is handed out has all its room.
func TestCascadeResetsItsRegion(t *testing.T) {
	budget := combinators.NewLimit(heap[int](), 8)
	a := combinators.NewCascade(func(int) allocator.Allocator[int] { return combinators.NewRegion(budget, 8) })
	for range 2 {
		for _, s := range [][]int{take(t, a, 4), take(t, a, 4)} { // not in the order of a stack
			a.Deallocate(s)
		}
		a.Deallocate(take(t, a, 8))
	}
}

// Of those that could not serve the request that they were made for, the last few are
// kept, without storage, and serve another of its size when they can.
func TestCascadeKeepsTheLastRefused(t *testing.T) {
	var made []int
	var children []*capableSource[int]
	full := true
	a := combinators.NewCascade(func(n int) allocator.Allocator[int] {
		child := newCapableSource[int](t)
		if child.limit = 100; full {
			child.limit = 1
		}
		made, children = append(made, n), append(children, child)
		return child
	})
	take(t, a, 1)
	full = true
	const kept = 8
	made, children = nil, nil
	for n := 2; n <= kept+2; n++ { // one more
		if _, err := a.Allocate(n); err == nil {
			t.Fatalf("Allocate(%d) did not fail", n)
		}
	}
	for i, child := range children {
		if child.trims != 1 {
			t.Errorf("the one made for %d was trimmed %d times, want once", made[i], child.trims)
		}
	}
	asked := len(made)
	for n := 3; n <= kept+2; n++ {
		a.Allocate(n)
	}
	if len(made) != asked {
		t.Errorf("made again: %v", made[asked:])
	}
	a.Allocate(2)
	if len(made) != asked+1 {
		t.Error("the one that was refused first is kept, too")
	}
}

// An allocator that was refused and serves a later request is one of the list from then on.
func TestCascadeUsesARefusedOnce(t *testing.T) {
	var children []*capableSource[int]
	full := false
	a := combinators.NewCascade(func(n int) allocator.Allocator[int] {
		c := newCapableSource[int](t)
		if c.limit = n; full {
			c.limit = 1
		}
		children = append(children, c)
		return c
	})
	full = true
	for n := 5; n < 8; n++ {
		if _, err := a.Allocate(n); err == nil {
			t.Fatalf("Allocate(%d) did not fail", n)
		}
	}
	full = false
	refused := children[2]
	refused.limit = 6
	if s := take(t, a, 6); !refused.Owns(s) {
		t.Error("the one that was refused did not serve the next request of its size")
	}
	if s := take(t, a, 6); len(children) != 5 || !children[4].Owns(s) {
		t.Errorf("%d allocators were made, want a fifth one for a second request", len(children))
	}
}

// The first allocator is made for one value and may never be used. It goes with the
// first Trim, when there is another.
func TestCascadeTrimsAnUnusedFirst(t *testing.T) {
	var made []*capableSource[int]
	a := combinators.NewCascade(func(n int) allocator.Allocator[int] {
		child := newCapableSource[int](t)
		child.limit = n
		made = append(made, child)
		return child
	})
	s := take(t, a, 100)
	for range 2 {
		a.Trim()
	}
	a.Deallocate(s)
	if len(made) != 2 || made[0].trims != 1 || made[1].trims != 2 {
		t.Errorf("%d allocators, the first one was trimmed %d times, want 2 of which it was dropped by the first of 2", len(made), made[0].trims)
	}
}
