package proptest_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/proptest"
)

// Keeper is an allocator from outside this module: it keeps one released block.
type Keeper[T any] struct {
	parent allocator.Allocator[T]
	kept   []T
}

func (k *Keeper[T]) Allocate(n int) ([]T, error) {
	if n > 1 && n <= cap(k.kept) || n == 1 && cap(k.kept) == 1 {
		s := k.kept[:n]
		k.kept = nil
		return s, nil
	}
	s, err := k.parent.Allocate(n)
	if errors.Is(err, allocator.ErrExhausted) && k.kept != nil {
		k.Trim()
		s, err = k.parent.Allocate(n)
	}
	return s, err
}

func (k *Keeper[T]) Deallocate(s []T) {
	if cap(s) == 0 {
		return
	}
	k.Trim()
	k.kept = s[:cap(s)]
	clear(k.kept) // or what it points to stays alive
}

func (k *Keeper[T]) Trim() {
	if s := k.kept; s != nil {
		k.kept = nil // first: the parent may see a misuse, and panic
		k.parent.Deallocate(s)
	}
}

func newKeeper[T any](parent allocator.Allocator[T]) allocator.Allocator[T] {
	return &Keeper[T]{parent: parent}
}

// This is all that is needed to check an allocator.
func TestKeeper(t *testing.T) {
	proptest.ConformAll(t, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper)
}

func TestKeeperSurvivesFaults(t *testing.T) { proptest.FaultSweep(t, newKeeper[string]) }
func TestKeeperLaws(t *testing.T)           { proptest.Laws(t, newKeeper[string]) }
func FuzzKeeper(f *testing.F)               { f.Fuzz(rapid.MakeFuzz(proptest.ConformCheck(newKeeper[string]))) }

// printing stands for the *testing.T that an example does not have.
type printing struct{ testing.TB }

func (printing) Helper()                           {}
func (printing) Name() string                      { return "Example" }
func (printing) Failed() bool                      { return false }
func (printing) Logf(string, ...any)               {}
func (printing) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printing) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// In a test this is one line, proptest.Conform(t, newKeeper[string]), or, for all kinds of
// elements,
//
//	proptest.ConformAll(t, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper)
//
// where newKeeper builds the allocator over a parent.
func ExampleConform() {
	rapid.Check(printing{}, proptest.ConformCheck(newKeeper[string]))
	fmt.Println("keeps all rules")
	// Output: keeps all rules
}

func ExampleEquivalentCheck() {
	simple := func(parent allocator.Allocator[int]) allocator.Allocator[int] {
		return combinators.NewRecycling(parent, 0) // keeps nothing
	}
	rapid.Check(printing{}, proptest.EquivalentCheck(simple, func(parent allocator.Allocator[int]) allocator.Allocator[int] {
		return combinators.NewSlots(parent, 0)
	}))
	fmt.Println("cannot be told apart")
	// Output: cannot be told apart
}

func ExampleProperty() {
	for _, p := range proptest.Properties()[:3] {
		fmt.Printf("%v: %s\n", p, p.Says())
	}
	// Output:
	// P1 GoodSize: GoodSize(n) is at least n
	// P2 RightSize: Allocate(n) returns a slice with len == n <= cap, and with cap == 1 for n == 1
	// P3 Disjoint: live blocks do not overlap, not in part either
}

// What an allocator claims beyond the rules is checked. Where it claims to fall
// short of them, it is not. This one has room for two values.
func ExampleClaims() {
	two := func(parent allocator.Allocator[int]) allocator.Allocator[int] { return combinators.NewLimit(parent, 2) }
	rapid.Check(printing{}, proptest.ConformCheck(two, proptest.Claims{Capacity: 2, SafeAsParent: true}))
	fmt.Println("keeps what it claims")
	// Output: keeps what it claims
}

// A test of all kinds of elements is one call:
//
//	func TestKeeper(t *testing.T) {
//		proptest.ConformAll(t, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper)
//	}
func ExampleConformAll() {
	var t *testing.T // that of the test
	proptest.ConformAll(t, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper, newKeeper)
}

// A test of what an allocator does when its parent fails is one call:
//
//	func TestKeeperSurvivesFaults(t *testing.T) { proptest.FaultSweep(t, newKeeper[string]) }
//
// What the allocator claims beyond the rules, or where it falls short of them, follows as
// [Claims].
func ExampleFaultSweep() {
	var t *testing.T // that of the test
	proptest.FaultSweep(t, newKeeper[string])

	// One with a limit may refuse a request although its parent does not.
	limited := func(parent allocator.Allocator[string]) allocator.Allocator[string] {
		return combinators.NewLimit(parent, 100)
	}
	proptest.FaultSweep(t, limited, proptest.Claims{MayRefuse: true})
}

// A test of the laws is one call:
//
//	func TestKeeperLaws(t *testing.T) { proptest.Laws(t, newKeeper[string]) }
func ExampleLaws() {
	var t *testing.T // that of the test
	proptest.Laws(t, newKeeper[string])
}

// In a test this is one line, proptest.FaultSweep(t, newKeeper[string]).
func ExampleFaultSweepCheck() {
	rapid.Check(printing{}, proptest.FaultSweepCheck(newKeeper[string]))
	fmt.Println("survives every failure below it")
	// Output: survives every failure below it
}

// Check an allocator with each of its settings.
func ExampleBuilder() {
	type builder = proptest.Builder[string]
	for _, keep := range []int{0, 100, 1 << 20} {
		build := builder(func(parent allocator.Allocator[string]) allocator.Allocator[string] {
			return combinators.NewRecycling(parent, keep)
		})
		rapid.Check(printing{}, proptest.FaultSweepCheck(build))
	}
	fmt.Println("survives with any limit")
	// Output: survives with any limit
}

// Elements with pointers show what an allocator forgets to clear. Elements with
// padding, which is filled with garbage, show whether it mistakes padding for values.
func ExamplePointerful() {
	rapid.Check(printing{}, proptest.FaultSweepCheck(newKeeper[proptest.Pointerful]))
	rapid.Check(printing{}, proptest.FaultSweepCheck(newKeeper[proptest.Padded]))
	fmt.Println("survives with either")
	// Output: survives with either
}
