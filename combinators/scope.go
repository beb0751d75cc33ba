package combinators

import (
	"reflect"
	"slices"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Scope hands out storage for values of many types that are released together.
//
// Use it for a structure of nodes, slices and strings that is built, used and dropped as a
// whole: a parsed document, an index, everything that a request makes. [For] returns the
// allocator of a type, an [Arena] whose chunks are typed memory of the Go heap. So values
// may point to each other and to anything else, and the garbage collector follows these
// pointers. The zero value is ready, without a limit.
//
// There are two ways to release everything. Reset drops the chunks. Their storage is not
// used again before the garbage collector has found that no pointer to it is left. So a
// value that is still used after Reset does not change, and Reset is always safe. (A build
// with -race may report such a use all the same, because with Reuse it would be a mistake.)
// Reuse keeps the chunks and hands them out again, so a value that is used after Reuse is
// shared with its next owner. Mark and Rewind release the values handed out in between, and
// keep the storage as Reuse does.
//
// A request costs what it costs in an [Arena]. Building a tree again and again, with Reuse
// in between, takes about a third of the time that it takes with new. That includes the
// garbage collector, which has nothing to do here. With Reset all chunks are allocated,
// cleared and collected each time. That takes 0.5 to 0.8 of the time of new for binary trees
// (BenchmarkScopeBinaryTrees), and 0.7 to 1.8 of it for a JSON document (BenchmarkJSONTree),
// whose last chunks are half empty; more where the collector has no processor to itself. One
// reachable value keeps its whole chunk. Each type that is used has a chunk of 1 KiB at
// first. Up to half of the storage may be unused, because chunks double.
//
// It is exhausted when its limit is reached. Before it fails, it drops the empty chunks of
// all types.
//
// One goroutine at a time may use a Scope and its allocators.
//
// Its allocators see the misuse that an Arena does. Rewind panics if the mark is void.
type Scope struct {
	_ noCopy

	// Limit is how many bytes the chunks of all types may have together. 0
	// means no limit.
	Limit int

	// Keep limits how many bytes Reuse keeps, so that one large round does not
	// cost memory for ever. The largest chunks are given back first. 0 means no
	// limit.
	Keep int

	arenas []typed // in the order in which their types came
	held   int     // bytes in all chunks
	levels []level // for the marks that are not void
	serial uint64  // of the mark taken last
}

// typed is an [Arena] of whatever type.
type typed interface {
	Mark() Mark
	Rewind(Mark)
	Reuse()
	drop(clears bool)
	isEmpty() bool
	isVoid(Mark) bool
	giveBack() bool
	giveBackLast()
	sortSpares() // the largest last
	lastSpare() int
}

// For returns the allocator of scope for values of U. It is the same each time.
// Finding it takes about a nanosecond for each type that the scope had before
// U, so a program that asks for many values should keep it.
func For[U any](scope *Scope) allocator.Allocator[U] {
	for _, a := range scope.arenas {
		if a, ok := a.(*Arena[U]); ok {
			return a
		}
	}
	const firstChunk = 1 << 10 // bytes
	source := &scopeSource[U]{scope: scope, size: int(unsafe.Sizeof(*new(U)))}
	a := NewArena[U](source, max(1, firstChunk/max(1, source.size)))
	a.shared = source
	scope.arenas = append(scope.arenas, a)
	return a
}

// Reset releases all values and drops their storage. A value that is still used
// does not change.
func (s *Scope) Reset() {
	s.levels = s.levels[:0]
	for _, a := range s.arenas {
		a.drop(false) // it belongs to whoever still uses it
	}
}

// Reuse releases all values and keeps their storage, as far as Keep allows. What
// they point to can be collected.
func (s *Scope) Reuse() {
	s.levels = s.levels[:0]
	for _, a := range s.arenas {
		a.Reuse()
	}
	if s.Keep > 0 && s.held > s.Keep {
		s.keepLess()
	}
}

// Trim drops the storage that has no values.
func (s *Scope) Trim() { s.relieve() }

// Held returns how many bytes the chunks of all types have.
func (s *Scope) Held() int { return s.held }

// String returns "Scope".
func (s *Scope) String() string { return "Scope" }

// relieve gives back the chunks that have no blocks, and reports whether there
// were any.
func (s *Scope) relieve() bool {
	given := false
	for _, a := range s.arenas {
		given = a.giveBack() || given
	}
	return given
}

// keepLess gives the largest chunks back until no more than Keep bytes are left.
func (s *Scope) keepLess() {
	for _, a := range s.arenas {
		a.sortSpares()
	}
	for s.held > s.Keep {
		slices.MaxFunc(s.arenas, func(a, b typed) int { return a.lastSpare() - b.lastSpare() }).giveBackLast()
	}
}

// scopeSource is where the chunks of an arena in a scope come from.
type scopeSource[U any] struct {
	scope *Scope
	size  int // of a U
}

// Allocate takes a chunk from the Go heap if it is within the limit. The number of values is
// no impossible one: an [Arena] has looked at it.
func (p *scopeSource[U]) Allocate(n int) ([]U, error) {
	if limit := p.scope.Limit; limit > 0 {
		switch size := n * p.size; {
		case size > limit:
			return nil, allocator.ErrTooLarge
		case size > limit-p.scope.held:
			return nil, allocator.ErrExhausted
		}
	}
	s, err := allocator.Heap[U]{}.Allocate(n)
	if err == nil {
		p.scope.held += cap(s) * p.size
	}
	return s, err
}

// Deallocate drops a chunk.
func (p *scopeSource[U]) Deallocate(s []U) { p.scope.held -= cap(s) * p.size }

func (p *scopeSource[U]) String() string {
	return "For[" + reflect.TypeFor[U]().String() + "](Scope)"
}

// left returns how many values more can be kept.
func (p *scopeSource[U]) left() int { return (p.scope.Keep - p.scope.held) / p.size }

func (p *scopeSource[U]) relieve() bool { return p.scope.relieve() }
