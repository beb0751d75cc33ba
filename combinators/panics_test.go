package combinators_test

import (
	"testing"

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
