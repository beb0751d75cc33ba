package proptest

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// The laws hold for every composition.
func TestLaws(t *testing.T) {
	t.Run("pointers", testLaws[Pointerful])
	t.Run("plain", testLaws[uint64])
	t.Run("empty", testLaws[struct{}])
}

func testLaws[T any](t *testing.T) {
	for _, l := range laws[T]() {
		t.Run(l.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				l.check(t, drawTree[T](t, rapid.IntRange(0, 2).Draw(t, "height")).plan())
			})
		})
	}
}

// A law that does not hold is found.
func TestPlantedLaws(t *testing.T) {
	type of = allocator.Allocator[uint64]
	alone := func(a of) of { return a }
	for _, c := range []struct {
		name        string
		left, right func(of) of
	}{
		{"a limit", func(a of) of { return combinators.NewLimit(a, 20) }, alone},
		{"a rounding", func(a of) of { return combinators.NewQuantizer(a, func(n int) int { return roundUp(n, 4) }) }, alone},
		{"a block that is kept", func(a of) of { return combinators.NewSingleSlot(a) }, alone},
		{"another error", func(a of) of {
			return &faulty[uint64]{parent: a, allocate: func(n int) ([]uint64, error) {
				if n == math.MaxInt {
					return nil, allocator.ErrExhausted
				}
				return a.Allocate(n)
			}}
		}, alone},
		{"a place", func(a of) of { return combinators.NewRegion(a, 64) }, func(a of) of { return combinators.NewSlab(a, 64) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			message, checks, text := caught(t, EquivalentCheck(c.left, c.right), briefly)
			if !names(message, equivalent) {
				t.Fatalf("found with %q, not with %v:\n%s", message, equivalent, text)
			}
			t.Logf("after %d checks: %s", checks, message)
		})
	}
}
