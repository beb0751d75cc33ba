package combinators

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Recycling keeps released blocks and hands them out again, the most recent first.
//
// Use it where several blocks are live at a time, or blocks of several sizes: for
// the operations of all sessions of a server, or for its buffers.
//
// A request that finds a block costs a few nanoseconds; for a T with pointers, half
// of that is for clearing it. Blocks come in size classes: 1 to 8 values have a
// class each, and above that there are four classes for each doubling (10, 12, 14,
// 16, 20, …). So a block is less than a quarter larger than the request. GoodSize
// returns its size.
//
// The kept blocks have at most limit values in all. A block that is released when
// there is no room for it goes to the parent. But if an earlier request for its size
// found no block, it is kept. Then blocks of other classes go to the parent to make
// room, one from each class in turn. So the cache follows what the program asks for.
//
// It is exhausted when its parent is, for a request of the size of the class. Before
// it fails, it gives all the kept blocks back and asks the parent once more.
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if the block that was released last in its class is released again. It
// also panics if a released block has a capacity that none of its blocks has, as
// long as the parent has always given the same capacity for a size. It cannot see
// other misuse: a foreign block with the capacity of a class is kept and handed out.
type Recycling[T any] struct {
	_       noCopy
	parent  allocator.Allocator[T]
	can     capabilities[T]
	classes []sizeClass[T]
	sizing  *sizing
	limit   int // values that may be kept
	room    int // what is left of limit
	next    int // the class that is evicted from next
	clears  bool
}

// A sizeClass holds the kept blocks of one class.
type sizeClass[T any] struct {
	free   []*T // where the blocks start, the last released one last
	size   int  // values a block; 0 before the first one
	missed int  // requests that found none, less the releases that were made room for
}

// NewRecycling returns a Recycling that keeps blocks of parent with at most
// limit values in all. It panics if limit is negative.
func NewRecycling[T any](parent allocator.Allocator[T], limit int) *Recycling[T] {
	a := &Recycling[T]{
		parent: parent,
		can:    capabilitiesOf(parent, "NewRecycling"),
		limit:  limit,
		room:   limit,
		clears: allocator.HasPointers[T](),
	}
	if limit < 0 {
		panic(fmt.Sprintf("combinators: NewRecycling: the limit is negative: %d", limit))
	}
	a.classes = make([]sizeClass[T], classesUpTo[T](limit))
	a.sizing = newSizing(len(a.classes))
	return a
}

// Allocate returns the block of n's class that was released last, or a block of
// the parent.
func (a *Recycling[T]) Allocate(n int) ([]T, error) {
	c := classOf(n)
	if c >= uint(len(a.classes)) || len(a.classes[c].free) == 0 {
		return a.miss(n, c)
	}
	class := &a.classes[c]
	s := unsafe.Slice(a.pop(class), class.size)
	allocator.Reissue(s)
	return s[:n], nil
}

// Deallocate keeps s for later if there is room for it.
func (a *Recycling[T]) Deallocate(s []T) {
	size := cap(s)
	c := floorClass(size)
	if c >= uint(len(a.classes)) || size > a.room {
		a.pass(s, c)
		return
	}
	class, p := &a.classes[c], unsafe.SliceData(s)
	last := len(class.free) - 1
	if class.size != size || last >= 0 && class.free[last] == p {
		a.pass(s, c)
		return
	}
	a.room -= size
	class.free = append(class.free, p)
	if a.clears {
		wipe(s)
	}
	allocator.Retire(s)
}

// Resize makes s longer or shorter in place, if a request for n values gets a
// block like it.
func (a *Recycling[T]) Resize(s []T, n int) ([]T, bool) {
	if !a.sizing.fits(n, cap(s)) {
		return nil, false
	}
	return refit(s, n, a.clears), true
}

// GoodSize returns the size of the blocks that serve n values.
func (a *Recycling[T]) GoodSize(n int) int {
	if c := classOf(n); c < uint(len(a.classes)) {
		n = int(classSize(c))
	}
	return a.can.goodSize(n)
}

// Trim gives all kept blocks back to the parent and trims it.
func (a *Recycling[T]) Trim() {
	a.evict(a.limit, nil)
	for i := range a.classes {
		a.classes[i].free = nil
	}
	a.can.trim()
}

// Owns reports whether the parent owns s.
func (a *Recycling[T]) Owns(s []T) bool { return a.can.owns(s) }

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Recycling[T]) Reset() {
	a.can.reset()
	for i := range a.classes {
		a.classes[i].free = nil
	}
	a.room = a.limit
}

// Capable implements [allocator.Conditional]. Owns and Reset work if they do
// for the parent.
func (a *Recycling[T]) Capable(c allocator.Capability) bool { return a.can.capable(c) }

// Kept returns how many values the kept blocks have in all.
func (a *Recycling[T]) Kept() int { return a.limit - a.room }

// Parents implements [allocator.Composite].
func (a *Recycling[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *Recycling[T]) String() string {
	return fmt.Sprintf("Recycling(%s, %d)", allocator.Describe(a.parent), a.limit)
}

// miss serves a request that finds no block in its class.
func (a *Recycling[T]) miss(n int, c uint) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	size := n
	if c < uint(len(a.classes)) {
		if by := a.sizing.serving(c); by != c && len(a.classes[by].free) != 0 {
			s := unsafe.Slice(a.pop(&a.classes[by]), a.classes[by].size)
			allocator.Reissue(s)
			return s[:n], nil
		}
		size = int(classSize(c))
	}
	s, err := a.parent.Allocate(size)
	if a.room != a.limit && errors.Is(err, allocator.ErrExhausted) {
		a.evict(a.limit, nil)
		s, err = a.parent.Allocate(size)
	}
	if err != nil {
		return nil, err
	}
	a.sizing.learn(c, cap(s))
	if by := floorClass(cap(s)); by < uint(len(a.classes)) {
		a.classes[by].size = a.sizing.capacity(by)
		a.classes[by].missed++
	}
	return s[:n], nil
}

// pass releases a block that Deallocate does not just keep: one that there is no
// room for, or that cannot be kept at all.
func (a *Recycling[T]) pass(s []T, c uint) {
	if cap(s) == 0 {
		return
	}
	if !a.sizing.keeps(c, cap(s)) {
		mustStray(a.sizing, a, s)
		a.parent.Deallocate(s)
		return
	}
	class := &a.classes[c]
	if last := len(class.free) - 1; last >= 0 && class.free[last] == unsafe.SliceData(s) {
		panic(allocator.Misuse(a, s, freedTwice))
	}
	if class.missed > 0 && cap(s) > a.room && cap(s) <= a.limit {
		class.missed--
		a.evict(cap(s), class)
	}
	if cap(s) <= a.room {
		a.Deallocate(s)
		return
	}
	a.parent.Deallocate(s)
}

// pop takes the last released block out of a class that has one. The place it
// leaves is cleared, so that a block that is handed out and then forgotten can
// be collected.
func (a *Recycling[T]) pop(class *sizeClass[T]) *T {
	last := len(class.free) - 1
	p := class.free[last]
	class.free[last] = nil
	class.free = class.free[:last]
	a.room += class.size
	return p
}

// evict gives blocks back to the parent until there is room for n values, or
// there are none but those of the class to spare.
func (a *Recycling[T]) evict(n int, spare *sizeClass[T]) {
	for passed := 0; a.room < n && passed < len(a.classes); passed++ {
		class := &a.classes[a.next]
		a.next = (a.next + 1) % len(a.classes)
		if class == spare || len(class.free) == 0 {
			continue
		}
		s := unsafe.Slice(a.pop(class), class.size)
		allocator.Reissue(s)
		a.parent.Deallocate(s)
		passed = -1
	}
}
