package combinators

import (
	"slices"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Scoped remembers the blocks that it hands out, and releases those that are left
// when it is closed.
//
// Use it for work that may end in many places, so that none of them has to release
// everything: make one at the start and defer its Close. It adds Reset and Owns to
// a parent that has neither. Its blocks come one by one from a parent that outlives
// the work, whereas an [Arena] has chunks of its own.
//
// A call costs a few nanoseconds more than the parent's. Once it has had more than
// about ten live blocks, it finds them with a map, which costs some tens of
// nanoseconds. Close releases the blocks in the reverse order of their allocation,
// except those of a zero-size T, which it cannot distinguish.
//
// It is exhausted when its parent is.
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if a released block is not one of its live blocks, or has another
// capacity than it was handed out with.
type Scoped[T any] struct {
	_      noCopy
	parent allocator.Allocator[T]
	can    capabilities[T]
	blocks [][]T      // in the order of their allocation; nil where one was released
	index  map[*T]int // where in blocks a live block is; nil while there are few
}

// fewBlocks is from how many blocks on a scope finds them by a map.
const fewBlocks = 16

// NewScoped returns a Scoped over parent.
func NewScoped[T any](parent allocator.Allocator[T]) *Scoped[T] {
	return &Scoped[T]{parent: parent, can: capabilitiesOf(parent, "NewScoped")}
}

// Allocate asks the parent for n values.
func (a *Scoped[T]) Allocate(n int) ([]T, error) {
	s, err := a.parent.Allocate(n)
	if err != nil || needsNone[T](n) {
		return s, err
	}
	if len(a.blocks) >= fewBlocks {
		a.compact()
	}
	if a.index != nil {
		a.index[unsafe.SliceData(s)] = len(a.blocks)
	}
	a.blocks = append(a.blocks, s)
	return s, nil
}

// Deallocate gives s back to the parent.
func (a *Scoped[T]) Deallocate(s []T) {
	if needsNone[T](cap(s)) {
		a.parent.Deallocate(s)
		return
	}
	i, ok := a.find(s)
	if !ok {
		panic(allocator.Misuse(a, s, "released, but not a live block of this scope"+grown))
	}
	if cap(s) != cap(a.blocks[i]) {
		panic(allocator.Misuse(a, s, otherCapacity))
	}
	a.parent.Deallocate(s) // first, as it may refuse it by a panic
	a.forget(i)
}

// Owns reports whether s is a live block.
func (a *Scoped[T]) Owns(s []T) bool {
	_, ok := a.find(s)
	return cap(s) != 0 && (ok || needsNone[T](cap(s)))
}

// Resize resizes s in place if it is a live block and the parent can.
func (a *Scoped[T]) Resize(s []T, n int) ([]T, bool) {
	i, live := a.find(s)
	if !live || cap(s) == 0 {
		return nil, false
	}
	if cap(s) != cap(a.blocks[i]) {
		panic(allocator.Misuse(a, s, resizedOther))
	}
	r, ok := a.can.resize(s, n)
	if ok {
		a.blocks[i] = r
	}
	return r, ok
}

// Reset releases all live blocks. The parent need not be able to be reset.
func (a *Scoped[T]) Reset() {
	for len(a.blocks) != 0 {
		last := len(a.blocks) - 1 // live, as forget leaves it
		s := a.blocks[last]
		a.forget(last)
		a.parent.Deallocate(s)
	}
}

// Close calls Reset and returns nil, so that a Scoped is an io.Closer. The
// scope can be used again.
func (a *Scoped[T]) Close() error {
	a.Reset()
	return nil
}

// Trim trims the parent.
func (a *Scoped[T]) Trim() { a.can.trim() }

// GoodSize returns the parent's answer, and n if it has none.
func (a *Scoped[T]) GoodSize(n int) int { return a.can.goodSize(n) }

// Parents implements [allocator.Composite].
func (a *Scoped[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *Scoped[T]) String() string { return "Scoped(" + allocator.Describe(a.parent) + ")" }

// find returns where in blocks the live block s is.
func (a *Scoped[T]) find(s []T) (int, bool) {
	if a.index != nil {
		i, ok := a.index[unsafe.SliceData(s)]
		return i, ok
	}
	for i, live := range slices.Backward(a.blocks) {
		if live != nil && unsafe.SliceData(live) == unsafe.SliceData(s) {
			return i, true
		}
	}
	return 0, false
}

// forget takes the block at i out, and the places of released blocks that are
// last then.
func (a *Scoped[T]) forget(i int) {
	if a.index != nil {
		delete(a.index, unsafe.SliceData(a.blocks[i]))
	}
	a.blocks[i] = nil
	last := len(a.blocks)
	for last != 0 && a.blocks[last-1] == nil {
		last--
	}
	a.blocks = a.blocks[:last]
}

// compact drops the places of released blocks once they are half of all, and
// begins the index if that leaves many live blocks.
func (a *Scoped[T]) compact() {
	if a.index != nil && len(a.blocks) <= 2*len(a.index)+fewBlocks {
		return
	}
	a.blocks = slices.DeleteFunc(a.blocks, func(s []T) bool { return s == nil })
	if a.index == nil && len(a.blocks) > fewBlocks/2 {
		a.index = map[*T]int{}
	}
	if a.index != nil {
		for i, s := range a.blocks {
			a.index[unsafe.SliceData(s)] = i
		}
	}
}
