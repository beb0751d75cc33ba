package combinators

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Arena hands out the values of a chunk from its start to its end, and takes a
// larger chunk when it is full.
//
// Use it for values that are needed together and released together, without a bound
// on their number: the nodes of a tree, everything that one request needs. Many
// values share one allocation of the parent, which makes it quicker than the Go
// heap (BenchmarkBinaryTrees). A [Scope] has arenas for values of several types.
//
// There are two ways to release all blocks at once. Reset gives the chunks back to
// the parent. If the parent is [allocator.Heap], the storage is not used again
// before the garbage collector has found that no pointer to it is left. So using a
// block after Reset is a bug, but one that harms no other block. Reuse keeps the
// chunks and hands them out again, so a block that is used after Reuse is shared
// with its next owner. With Reuse, each round after the first few allocates
// nothing. With Reset, every round allocates its chunks, and the collector frees
// them. Mark and Rewind release the blocks handed out in between, and keep the
// chunks as Reuse does.
//
// A request costs a few nanoseconds, whatever its size. Each chunk has twice the
// size of the one before, or less if the parent has only less. If the parent can
// resize the chunk in use where it is, the arena does that instead. A block larger
// than the next chunk would be gets a chunk of its own. One reachable block keeps
// its whole chunk from being collected.
//
// Releasing the last block of a chunk makes its storage free again, and a chunk
// without blocks serves the next request that fits. Releasing any other block
// clears it if T has pointers; its storage becomes free together with all the rest.
// A block outside the chunk in use is looked for in all chunks. There are few of
// them, since they double.
//
// It is exhausted when its parent is.
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if a released or resized block is already free, if a released block is
// not from this arena, and if it is rewound to a void mark.
type Arena[T any] struct {
	_ noCopy

	// Keep limits how many values Reuse keeps storage for, so that one large
	// round does not cost memory for ever. The largest chunks are given back
	// first. 0 means no limit. Set it before the first request.
	Keep int

	parent  allocator.Allocator[T]
	can     capabilities[T]
	current bump[T]   // the chunk in use
	older   []bump[T] // other chunks that have blocks
	spare   [][]T     // chunks that have none
	marks   marks
	serial  uint64 // of the chunk that was attached last
	first   int    // values in the first chunk
	next    int    // values in the chunk that the parent is asked for next
	held    int    // values in all chunks
	shared  shared // nil unless the arena is one of a Scope
}

// shared is what the arenas of a [Scope] have in common.
type shared interface {
	left() int     // how many values more can be kept
	relieve() bool // gives back the chunks of all that have no blocks
}

// NewArena returns an Arena that takes its chunks from parent. The first chunk
// has first values. It panics if first is less than 1.
func NewArena[T any](parent allocator.Allocator[T], first int) *Arena[T] {
	a := &Arena[T]{
		parent: parent,
		can:    capabilitiesOf(parent, "NewArena"),
		first:  first,
		next:   first,
	}
	a.current.clears = allocator.HasPointers[T]()
	if first < 1 {
		panic(fmt.Sprintf("combinators: NewArena: the first chunk has less than 1 value: %d", first))
	}
	return a
}

// Allocate returns the next n values of the chunk in use, or the first n of
// another.
func (a *Arena[T]) Allocate(n int) ([]T, error) {
	s, ok := a.current.take(n)
	if !ok {
		return a.grow(n)
	}
	return s, nil
}

// Deallocate releases s.
func (a *Arena[T]) Deallocate(s []T) {
	if needsNone[T](cap(s)) {
		return
	}
	i, ok := within(a.current.block, s)
	if !ok {
		a.releaseOlder(s)
		return
	}
	if !a.current.release(s, i) {
		a.released(&a.current, s)
	}
}

// Resize makes s smaller. It makes s larger if s is the last block of its chunk
// and the chunk has room, or the parent can extend the chunk.
func (a *Arena[T]) Resize(s []T, n int) ([]T, bool) {
	if cap(s) == 0 {
		return nil, false
	}
	c, i := a.find(s)
	if c == nil {
		if a.isSpare(s) {
			panic(allocator.Misuse(a, s, resizedFree))
		}
		return nil, false
	}
	if c.isFree(s, i) {
		panic(allocator.Misuse(a, s, resizedFree))
	}
	used := c.used
	if c == &a.current && i+cap(s) == used && n > len(c.block)-i && !a.extend(n-cap(s), a.size(n)) {
		a.extend(n-cap(s), 0)
	}
	r, ok := c.resize(s, i, n)
	if c.used != used && i < c.marked {
		c.marked = a.marks.void(c.serial, i)
	}
	return r, ok
}

// Owns reports whether s starts inside a chunk. It looks through all of them.
func (a *Arena[T]) Owns(s []T) bool {
	ok := covers(a.current.block, s)
	for i := len(a.older) - 1; i >= 0 && !ok; i-- {
		ok = covers(a.older[i].block, s)
	}
	return ok
}

// Reset releases all blocks and gives the chunks back to the parent. What they
// point to can be collected.
func (a *Arena[T]) Reset() {
	// A parent clears what it gets back, but for a Scope.
	a.drop(a.shared != nil && a.current.clears)
}

// Reuse releases all blocks and keeps the chunks, as far as Keep allows. What
// they point to can be collected.
func (a *Arena[T]) Reuse() {
	a.detachAll(a.current.clears)
	if a.Keep > 0 && a.held > a.Keep {
		a.keepLess()
	}
}

// Trim gives the chunks that have no blocks back to the parent, and trims it.
func (a *Arena[T]) Trim() {
	a.giveBack()
	a.can.trim()
}

// Parents implements [allocator.Composite]. An arena of a [Scope] has none.
func (a *Arena[T]) Parents() []any {
	if a.shared != nil {
		return nil
	}
	return []any{a.parent}
}

// String returns the expression that builds the allocator.
func (a *Arena[T]) String() string {
	if a.shared != nil {
		return allocator.Describe(a.parent)
	}
	return fmt.Sprintf("Arena(%s, %d)", allocator.Describe(a.parent), a.first)
}
