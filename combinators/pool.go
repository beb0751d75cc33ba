package combinators

import (
	"errors"
	"sync"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Pool keeps released blocks until the garbage collector drains it: a sync.Pool
// with a type.
//
// Use it for blocks that many goroutines share, and that may go away at any
// time, such as the buffers of a burst. A [Recycling] keeps its blocks through
// a collection, and gives all of them back.
//
// A request that finds a block, and its release, cost a quarter to a half
// more than with sync.Pool (18 to 20 ns beside 12 to 15 for one block, in
// examples/compare). Blocks come in size classes: 1 to 8 values have a class
// each, and above that there are four classes for each doubling, up to 65536
// values. GoodSize returns the size that serves a request. Larger blocks go to
// the parent. Releasing a block allocates nothing, neither a slice header nor
// an interface, because its class determines its size.
//
// A block that is not asked for during two collections is lost, and the parent
// does not learn of it. (In a race build, sync.Pool also drops blocks at
// random.) So the parent must be able to lose a block: [allocator.Heap], or
// layers over it that keep no account. A [Slab] or a Limit never gets the lost
// block back.
//
// It is exhausted when its parent is. Before it fails, it gives back all the
// blocks that it can find, and asks the parent once more.
//
// It is safe for concurrent use if its parent is. Call Reset only while no
// other goroutine uses it.
//
// It panics if a released block has a capacity that none of its blocks has, as
// long as the parent has always given the same capacity for a size. It cannot
// see other misuse: a block that is released twice is handed out twice, and a
// foreign block with the capacity of a class is kept and handed out.
type Pool[T any] struct {
	_       noCopy
	parent  allocator.Allocator[T]
	can     capabilities[T]
	classes []sync.Pool // of *T, where a block of the class starts
	sizing  *sizing
	clears  bool
}

// poolClasses is the number of size classes, up to 65536 values.
const poolClasses = 60

// NewPool returns a Pool of blocks of parent.
func NewPool[T any](parent allocator.Allocator[T]) *Pool[T] {
	a := &Pool[T]{
		parent: parent,
		can:    capabilitiesOf(parent, "NewPool"),
		clears: allocator.HasPointers[T](),
	}
	a.empty()
	a.sizing = newSizing(len(a.classes))
	return a
}

// empty forgets all kept blocks.
func (a *Pool[T]) empty() {
	// A T of no size has no storage to keep.
	if !needsNone[T](1) {
		a.classes = make([]sync.Pool, poolClasses)
	}
}

// Allocate returns a kept block of n's class, or one of the parent.
func (a *Pool[T]) Allocate(n int) ([]T, error) {
	c := classOf(n)
	if c < uint(len(a.classes)) {
		if p, ok := a.classes[c].Get().(*T); ok {
			s := unsafe.Slice(p, a.sizing.capacity(c))
			allocator.Reissue(s)
			return s[:n], nil
		}
	}
	return a.miss(n, c)
}

// Deallocate keeps s.
func (a *Pool[T]) Deallocate(s []T) {
	c := floorClass(cap(s))
	if !a.sizing.keeps(c, cap(s)) {
		if cap(s) != 0 {
			mustStray(a.sizing, a, s)
			a.parent.Deallocate(s)
		}
		return
	}
	vacate(s, a.clears)
	a.classes[c].Put(unsafe.SliceData(s))
}

// Resize makes s longer or shorter in place, if a request for n values gets a
// block like it.
func (a *Pool[T]) Resize(s []T, n int) ([]T, bool) {
	if !a.sizing.fits(n, cap(s)) {
		return nil, false
	}
	return refit(s, n, a.clears), true
}

// GoodSize returns the size of the blocks that serve n values.
func (a *Pool[T]) GoodSize(n int) int {
	if c := classOf(n); c < uint(len(a.classes)) {
		n = int(classSize(c))
	}
	return a.can.goodSize(n)
}

// Trim gives the kept blocks back to the parent, except for some that are local
// to other processors, and trims it.
func (a *Pool[T]) Trim() {
	a.giveBack()
	a.can.trim()
}

// Owns reports whether the parent owns s.
func (a *Pool[T]) Owns(s []T) bool { return a.can.owns(s) }

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Pool[T]) Reset() {
	a.can.reset()
	a.empty()
}

// Capable implements [allocator.Conditional]. Owns and Reset work if they do
// for the parent.
func (a *Pool[T]) Capable(c allocator.Capability) bool { return a.can.capable(c) }

// Parents implements [allocator.Composite].
func (a *Pool[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *Pool[T]) String() string { return "Pool(" + allocator.Describe(a.parent) + ")" }

// miss serves a request that finds no block in its class.
func (a *Pool[T]) miss(n int, c uint) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	size := n
	if c < uint(len(a.classes)) {
		if by := a.sizing.serving(c); by != c {
			if p, ok := a.classes[by].Get().(*T); ok {
				s := unsafe.Slice(p, a.sizing.capacity(by))
				allocator.Reissue(s)
				return s[:n], nil
			}
		}
		size = int(classSize(c))
	}
	s, err := a.parent.Allocate(size)
	if err != nil && errors.Is(err, allocator.ErrExhausted) && a.giveBack() {
		s, err = a.parent.Allocate(size)
	}
	if err != nil {
		return nil, err
	}
	a.sizing.learn(c, cap(s))
	return s[:n], nil
}

// giveBack gives the blocks that it can get hold of back to the parent, and
// reports whether there were any.
func (a *Pool[T]) giveBack() (given bool) {
	for c := range a.classes {
		for {
			p, ok := a.classes[c].Get().(*T)
			if !ok {
				break
			}
			s := unsafe.Slice(p, a.sizing.capacity(uint(c)))
			allocator.Reissue(s)
			a.parent.Deallocate(s)
			given = true
		}
	}
	return given
}
