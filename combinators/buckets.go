package combinators

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/heirloom-go/heirloom/allocator"
)

// Buckets has an allocator for each of a series of sizes, and rounds each request
// up to the next size.
//
// Use it where the allocators below are good at a single size, such as a free list
// for each size. Use it also to make size classes: several Buckets with growing
// steps, one range of sizes after another, joined by [Segregator].
//
// A request costs a division, and gets less than one step more room than it asked
// for. A bucket is asked only for blocks of its own size. The first bucket also
// serves single values. Resize within a bucket is in place and costs nothing; it
// never moves a block to another bucket. A bucket whose blocks are as large as
// those of the next bucket is useless: each request to it leads to another request
// there.
//
// It is exhausted when the bucket for the requested size is; other buckets do not
// help out. A request beyond the last bucket fails with [allocator.ErrTooLarge].
// For a zero-size T, the first bucket is asked instead.
//
// It is safe for concurrent use if all of its buckets are.
type Buckets[T any] struct {
	buckets           []bucket[T]
	first, last, step int
	reciprocal        uint64 // of step, as a part of 1<<64; 0 for sizes that it is not exact for
	clears            bool
}

type bucket[T any] struct {
	parent allocator.Allocator[T]
	size   int // values a block
	can    capabilities[T]
}

// NewBuckets returns a Buckets for requests of up to last values, with blocks
// of first, first+step and so on up to last values. The function parent makes
// the allocator for each of these sizes. NewBuckets panics unless first and
// step are at least 1 and last is first plus a multiple of step.
func NewBuckets[T any](first, last, step int, parent func(size int) allocator.Allocator[T]) *Buckets[T] {
	if parent == nil {
		panic("combinators: NewBuckets: the function that makes the buckets is nil")
	}
	if first < 1 || step < 1 || last < first || (last-first)%step != 0 {
		panic(fmt.Sprintf("combinators: NewBuckets: there are no steps of %d from %d to %d", step, first, last))
	}
	a := &Buckets[T]{first: first, last: last, step: step, clears: allocator.HasPointers[T]()}
	if last <= math.MaxInt32 {
		a.reciprocal = math.MaxUint64 / uint64(step)
	}
	for i := range (last-first)/step + 1 {
		size := first + i*step
		b := bucket[T]{parent: parent(size), size: size}
		b.can = capabilitiesOf(b.parent, "NewBuckets")
		a.buckets = append(a.buckets, b)
	}
	return a
}

// Allocate takes a block from the bucket for n values. If that block is as
// large as those of the next bucket, its release would go there, so the next
// bucket is asked instead.
func (a *Buckets[T]) Allocate(n int) ([]T, error) {
	switch {
	case uint(n-1) >= uint(a.last) || needsNone[T](n):
		return a.refuse(n)
	case n == 1:
		return a.buckets[0].parent.Allocate(1)
	}
	for i := a.index(n); ; i++ {
		b := &a.buckets[i]
		s, err := b.parent.Allocate(b.size)
		if err != nil {
			return nil, err
		}
		if a.filed(cap(s)) == i {
			return s[:n], nil
		}
		b.parent.Deallocate(s)
	}
}

// Deallocate gives s back to the bucket for blocks of its size. It panics if
// there is none.
func (a *Buckets[T]) Deallocate(s []T) {
	n := cap(s)
	switch {
	case n == 0:
	case n == 1 || needsNone[T](n):
		a.buckets[0].parent.Deallocate(s)
	case n < a.first:
		panic(allocator.Misuse(a, s, foreignBlock))
	default:
		a.buckets[a.filed(n)].parent.Deallocate(s)
	}
}

// Owns reports whether one of the buckets owns s. It does not go by the size,
// because an allocator above that rounds sizes may ask with a part of a block.
func (a *Buckets[T]) Owns(s []T) bool {
	return slices.ContainsFunc(a.buckets, func(b bucket[T]) bool { return b.can.owns(s) })
}

// Resize makes s larger or smaller within its bucket.
func (a *Buckets[T]) Resize(s []T, n int) ([]T, bool) {
	if uint(n-1) >= uint(a.last) || n > cap(s) || cap(s) < a.first || needsNone[T](n) || a.index(n) != a.filed(cap(s)) {
		return nil, false
	}
	return refit(s, n, a.clears), true
}

// Reset releases all blocks. It panics if one of the buckets cannot be reset.
func (a *Buckets[T]) Reset() {
	if i := slices.IndexFunc(a.buckets, func(b bucket[T]) bool { return b.can.resetter == nil }); i >= 0 {
		a.buckets[i].can.reset()
	}
	for i := range a.buckets {
		a.buckets[i].can.reset()
	}
}

// Trim trims all buckets.
func (a *Buckets[T]) Trim() {
	for i := range a.buckets {
		a.buckets[i].can.trim()
	}
}

// GoodSize returns the size of the blocks of the bucket for n values, and n if
// there is no such bucket.
func (a *Buckets[T]) GoodSize(n int) int {
	if uint(n-1) >= uint(a.last) {
		return n
	}
	if n == 1 {
		return a.buckets[0].can.goodSize(1)
	}
	b := &a.buckets[a.index(n)]
	return b.can.goodSize(b.size)
}

// Capable implements [allocator.Conditional]. Owns and Reset work if they do
// for all buckets.
func (a *Buckets[T]) Capable(c allocator.Capability) bool {
	return !slices.ContainsFunc(a.buckets, func(b bucket[T]) bool { return !b.can.capable(c) })
}

// Parents implements [allocator.Composite]: a bucket of each size, the smallest first.
func (a *Buckets[T]) Parents() (parents []any) {
	for i := range a.buckets {
		parents = append(parents, a.buckets[i].parent)
	}
	return parents
}

// String returns the expression that builds the allocator, with what the
// function makes in place of the function.
func (a *Buckets[T]) String() string {
	var made []string
	for _, b := range a.buckets {
		made = append(made, allocator.Describe(b.parent))
	}
	return fmt.Sprintf("Buckets(%d, %d, %d, %s)", a.first, a.last, a.step, strings.Join(slices.Compact(made), " | "))
}

// index returns which bucket is for requests for n values, which are at most last.
func (a *Buckets[T]) index(n int) int {
	over := max(n-a.first, 0)
	if a.reciprocal == 0 {
		return (over + a.step - 1) / a.step
	}
	i, _ := bits.Mul64(uint64(over+a.step), a.reciprocal) // the same, without a division
	return int(i)
}

// filed returns which bucket a block of n values goes back to, of at least first
// values: the last one with blocks that are not larger.
func (a *Buckets[T]) filed(n int) int {
	if n >= a.last {
		return len(a.buckets) - 1
	}
	return a.index(n - a.step + 1)
}

func (a *Buckets[T]) refuse(n int) ([]T, error) {
	switch {
	case n < 0:
		return nil, allocator.ErrSize
	case n == 0:
		return nil, nil
	case needsNone[T](n):
		return a.buckets[0].parent.Allocate(n)
	}
	return nil, allocator.ErrTooLarge
}
