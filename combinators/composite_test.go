package combinators_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// find returns the allocators of type A in a composition, the outermost first.
func find[A any](a any) (found []A) {
	if is, ok := a.(A); ok {
		found = append(found, is)
	}
	if c, ok := a.(allocator.Composite); ok {
		for _, p := range c.Parents() {
			found = append(found, find[A](p)...)
		}
	}
	return found
}

// TestParentsLeadToAll looks for what is below two layers. A Cascade makes and
// drops its parents, so it has none that stay.
func TestParentsLeadToAll(t *testing.T) {
	for _, outer := range combinations[int]() {
		for _, inner := range combinations[int]() {
			below := combinators.NewStats(heap[int]())
			a := outer.build(inner.build(below))
			in := allocator.Describe(a)
			if strings.Contains(in, "Cascade") {
				continue
			}
			found := find[*combinators.Stats[int]](a)
			if !slices.Contains(found, below) {
				t.Errorf("%s: the Stats at the bottom is not found", in)
			}
		}
	}
}

// TestParentsAsPrinted compares the parents with what String says of them, in order.
func TestParentsAsPrinted(t *testing.T) {
	one, two := combinators.NewStats(heap[int]()), combinators.NewZeroed(heap[int]())
	scope := new(combinators.Scope)
	for _, c := range []struct {
		a    any
		want []any
	}{
		{combinators.NewFallback(combinators.NewSlab(one, 8), two), nil},
		{combinators.NewSegregator[int](one, two, 8), []any{one, two}},
		{combinators.NewBuckets(4, 12, 4, func(n int) allocator.Allocator[int] {
			if n > 8 {
				return two
			}
			return one
		}), []any{one, one, two}},
		{combinators.NewShared(one), []any{one}},
		{combinators.NewHandles(two), []any{two}},
		{combinators.NewSharded(one, 64), []any{one}},
		{new(combinators.SingleSlot[int]), []any{heap[int]()}},
		{new(combinators.Slots[int]), []any{heap[int]()}},
		{combinators.For[int](scope), []any{}},
	} {
		parents := c.a.(allocator.Composite).Parents()
		if c.want != nil && !slices.Equal(parents, c.want) {
			t.Errorf("%v: Parents returns %v, want %v", c.a, parents, c.want)
		}
		rest := allocator.Describe(c.a)
		last := ""
		for _, p := range parents {
			name := allocator.Describe(p)
			_, after, ok := strings.Cut(rest, name)
			if !ok && name != last { // Buckets prints what is the same once
				t.Errorf("%v: the parent %s is not printed, or out of order", c.a, name)
			}
			if ok {
				rest, last = after, name
			}
		}
	}
}

// Parents leads to every layer of a composition, here to the two that count.
func ExampleStats_Parents() {
	misses := combinators.NewStats[byte](allocator.Heap[byte]{})
	a := combinators.NewStats(combinators.NewRecycling(misses, 1<<20))
	for range 1000 {
		s, err := a.Allocate(512)
		if err != nil {
			fmt.Println(err)
			return
		}
		a.Deallocate(s)
	}

	var walk func(a any, depth string)
	walk = func(a any, depth string) {
		if s, ok := a.(interface{ Counts() combinators.Counts }); ok {
			fmt.Printf("%s%v: %d requests\n", depth, a, s.Counts().Total)
		}
		if c, ok := a.(allocator.Composite); ok {
			for _, p := range c.Parents() {
				walk(p, depth+"  ")
			}
		}
	}
	walk(a, "")
	// Output:
	// Stats(Recycling(Stats(Heap[uint8]), 1048576)): 1000 requests
	//     Stats(Heap[uint8]): 1 requests
}
