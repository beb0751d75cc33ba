package combinators_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// wantPanic fails the test unless f panics with want.
func wantPanic(t *testing.T, want any, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("panic is %v, want %v", got, want)
		}
	}()
	f()
}

// lateReport panics in a Deallocate, once it has done its work, as a Checked does
// that finds something about another block.
type lateReport[T any] struct {
	allocator.Allocator[T]
	due bool
}

func (p *lateReport[T]) Deallocate(s []T) {
	p.Allocator.Deallocate(s)
	if p.due && cap(s) != 0 {
		p.due = false
		panic("late")
	}
}

// What has gone back to a parent that panics then is gone.
func TestParentPanicsInDeallocate(t *testing.T) {
	for name, fill := range map[string]func(parent allocator.Allocator[int]) (giveBack func(), again func()){
		"Arena": func(parent allocator.Allocator[int]) (func(), func()) {
			a := combinators.NewArena(parent, 4)
			for range 5 {
				take(t, a, 4)
			}
			return a.Reset, func() { take(t, a, 4) }
		},
		"Slab": func(parent allocator.Allocator[int]) (func(), func()) {
			a := combinators.NewSlab(parent, 4)
			a.Deallocate(take(t, a, 1))
			return a.Trim, func() { take(t, a, 1) }
		},
		"Buddy": func(parent allocator.Allocator[int]) (func(), func()) {
			a := combinators.NewBuddy(parent, 4, 1)
			a.Deallocate(take(t, a, 1))
			return a.Trim, func() { take(t, a, 1) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := newSource[int](t) // complains about what comes back twice
			parent := &lateReport[int]{Allocator: source}
			giveBack, again := fill(parent)
			parent.due = true
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the parent's panic is lost")
					}
				}()
				giveBack()
			}()
			giveBack()
			again()
		})
	}
}

// A moody parent panics when it is told to, before it does anything.
type moody[T any] struct {
	*source[T]
	allocate, deallocate bool
}

func (p *moody[T]) Allocate(n int) ([]T, error) {
	if p.allocate {
		panic("not now")
	}
	return p.source.Allocate(n)
}

func (p *moody[T]) Deallocate(s []T) {
	if p.deallocate && cap(s) != 0 {
		panic("not now")
	}
	p.source.Deallocate(s)
}

// counted returns how many values the allocator says are live, if it counts them.
func counted(a any) (int, bool) {
	switch a := a.(type) {
	case *combinators.Stats[int]:
		return int(a.Counts().LiveBytes) / 8, true
	case *combinators.Limit[int]:
		return a.Live() / 8, true
	case *combinators.Budgeted[int]:
		return a.Live() / 8, true
	}
	return 0, false
}

// After a request that the parent has answered with a panic, every combinator is
// as if there had been none: it counts nothing, and keeps as much as before.
func TestParentPanicsInAllocate(t *testing.T) {
	for _, l := range combinations[int]() {
		use := func(a allocator.Allocator[int]) {
			for range 3 {
				var blocks [][]int
				for n := range 8 {
					blocks = append(blocks, take(t, a, 1+n))
				}
				for _, s := range blocks {
					a.Deallocate(s)
				}
			}
		}
		fresh, parent := newSource[int](t), &moody[int]{source: newSource[int](t)}
		use(l.build(fresh))
		a := l.build(parent)
		t.Run(allocator.Describe(a), func(t *testing.T) {
			parent.allocate = true
			for n := range 20 {
				func() {
					defer func() {
						if recover() == nil {
							t.Errorf("Allocate(%d) hides the parent's panic", 1+n)
						}
					}()
					_, _ = a.Allocate(1 + n)
				}()
			}
			parent.allocate = false
			if live, ok := counted(a); ok && live != 0 {
				t.Errorf("counts %d live values", live)
			}
			use(a)
			if _, ok := a.(*combinators.Pool[int]); ok {
				return // sync.Pool loses some when it likes
			}
			if diff := cmp.Diff(fresh.asked, parent.asked); diff != "" {
				t.Errorf("asks the parent otherwise than a fresh one (-fresh +this):\n%s", diff)
			}
		})
	}
}

// If the parent refuses to take a smaller block back by a panic, the larger one that was to
// replace it is kept, and is free.
func TestParentRefusesTheSmallerBlock(t *testing.T) {
	for _, build := range []func(allocator.Allocator[int]) allocator.Allocator[int]{
		func(parent allocator.Allocator[int]) allocator.Allocator[int] {
			return combinators.NewSingleSlot(parent)
		},
		func(parent allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewSlots(parent, 1) },
	} {
		parent := &moody[int]{source: newSource[int](t)}
		a := build(parent)
		a.Deallocate(take(t, a, 2))
		parent.deallocate = true
		wantPanic(t, "not now", func() { _, _ = a.Allocate(5) })
		take(t, a, 5)
		if diff := cmp.Diff([]int{2, 5}, parent.asked); diff != "" {
			t.Errorf("%v: asked of the parent (-want +got):\n%s", a, diff)
		}
	}
}

// A release that the parent refuses by a panic has not happened.
func TestParentRefusesARelease(t *testing.T) {
	for _, l := range combinations[int]() {
		parent := &moody[int]{source: newSource[int](t)}
		a := l.build(parent)
		if _, ok := a.(*combinators.Checked[int]); ok {
			continue // a release is one whenever the parent gets the block
		}
		t.Run(allocator.Describe(a), func(t *testing.T) {
			s := take(t, a, 700) // none of them keeps so many, but the slots do
			held, counts := counted(a)
			parent.deallocate = true
			refused := false
			func() {
				defer func() { refused = recover() != nil }()
				a.Deallocate(s)
			}()
			parent.deallocate = false
			if !refused {
				return
			}
			if live, _ := counted(a); counts && live != held {
				t.Errorf("counts %d live values after a release that was refused, want %d", live, held)
			}
			a.Deallocate(s)
			if live, _ := counted(a); live != 0 {
				t.Errorf("counts %d live values", live)
			}
			if parent.count != 0 {
				t.Errorf("%d values are not back", parent.count)
			}
		})
	}
}

// What is wrong with a composition is said when it is built, by name.
func TestNilFunction(t *testing.T) {
	wantPanic(t, "combinators: NewCascade: the function that makes the allocators is nil", func() { combinators.NewCascade[int](nil) })
	wantPanic(t, "combinators: NewQuantizer: the function that rounds is nil", func() { combinators.NewQuantizer(heap[int](), nil) })
	wantPanic(t, "combinators: NewBuckets: the function that makes the buckets is nil", func() { combinators.NewBuckets[int](1, 2, 1, nil) })
}
