package combinators

import (
	"errors"
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Recycling keeps released blocks and hands them out again, the last one
// first.
//
// Use it where several blocks are alive at a time, or blocks of several sizes:
// for the operations of all sessions of a server, or for its buffers.
//
// A request for n values is served from the size class of n. Up to 8 values
// each n is a class; above there are four classes to a doubling (10, 12, 14,
// 16, 20, …), so that less than a quarter of n is lost; GoodSize tells. A
// request that finds a block in its class costs a few nanoseconds, for a T
// with pointers most of them for clearing it. The kept blocks together have
// at most as many values as the limit says. A block that is released when the
// limit is reached goes to the parent, and so does one of a class that is
// larger than the limit. A request that finds its class empty makes room for
// its block: while the limit leaves none, kept blocks of other classes go back
// to the parent, one from each in turn. So the kept blocks follow what the
// program asks for.
//
// It is exhausted when its parent is. Before it fails, it gives all the kept
// blocks back and asks the parent once more.
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It takes a block's size from its capacity, so a block of another allocator
// corrupts it. It panics when the last released block is released again.
type Recycling[T any] struct {
	_       noCopy
	parent  allocator.Allocator[T]
	can     capabilities[T]
	classes []sizeClass[T]
	limit   int // values that may be kept
	room    int // what is left of limit
	next    int // the class that is evicted from next
	clears  bool
}

// A sizeClass holds the kept blocks of one size.
type sizeClass[T any] struct {
	free []*T // where the blocks start, the last released one last
	size int  // values a block
}

// NewRecycling returns a Recycling that keeps blocks of parent, of no more
// than limit values in all. With a limit of 0 it keeps none.
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
	// A T of no size has no storage to keep.
	var zero T
	if unsafe.Sizeof(zero) != 0 {
		for c := uint(0); classSize(c) <= uint(limit); c++ {
			a.classes = append(a.classes, sizeClass[T]{size: int(classSize(c))})
		}
	}
	return a
}

// classOf returns the size class of a request for n values. For n < 1 it is
// beyond all classes.
func classOf(n int) uint {
	m := uint(n - 1)
	if m < 8 {
		return m
	}
	// The three leading bits of m, of which the first is always set, tell the
	// class within its doubling.
	shift := uint(bits.Len(m)) - 3
	return 4*shift + m>>shift
}

// classSize returns the most values of a request in class c.
func classSize(c uint) uint {
	if c < 8 {
		return c + 1
	}
	return (c%4 + 5) << (c/4 - 1)
}

// Allocate returns the block of n's class that was released last, or one of
// the parent.
func (a *Recycling[T]) Allocate(n int) ([]T, error) {
	c := classOf(n)
	if c >= uint(len(a.classes)) || len(a.classes[c].free) == 0 {
		return a.miss(n, c)
	}
	s := unsafe.Slice(a.pop(&a.classes[c]), n)
	allocator.Reissue(s)
	return s, nil
}

// Deallocate keeps s for later if the limit allows it.
func (a *Recycling[T]) Deallocate(s []T) {
	c := classOf(cap(s))
	if c >= uint(len(a.classes)) || a.classes[c].size > a.room {
		a.pass(s, c)
		return
	}
	class, p := &a.classes[c], unsafe.SliceData(s)
	if last := len(class.free) - 1; last >= 0 && class.free[last] == p {
		a.releasedTwice(s)
	}
	a.room -= class.size
	class.free = append(class.free, p)
	if a.clears {
		wipe(s)
	}
	allocator.Retire(s)
}

// GoodSize returns the values of a block that serves n.
func (a *Recycling[T]) GoodSize(n int) int {
	if c := classOf(n); c < uint(len(a.classes)) {
		n = a.classes[c].size
	}
	return a.can.goodSize(n)
}

// Trim gives all kept blocks back to the parent and trims it.
func (a *Recycling[T]) Trim() {
	a.evict(a.limit)
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

// Capable reports whether Owns or Reset works, which is so if it does for the
// parent.
func (a *Recycling[T]) Capable(c allocator.Capability) bool { return a.can.capable(c) }

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
		size = a.classes[c].size
		a.evict(size)
	}
	s, err := a.parent.Allocate(size)
	if err != nil && a.room != a.limit && errors.Is(err, allocator.ErrExhausted) {
		a.evict(a.limit)
		s, err = a.parent.Allocate(size)
	}
	if err != nil {
		return nil, err
	}
	return s[:n:n], nil
}

// pass gives a block that cannot be kept back to the parent.
func (a *Recycling[T]) pass(s []T, c uint) {
	if c < uint(len(a.classes)) {
		class := &a.classes[c]
		if last := len(class.free) - 1; last >= 0 && class.free[last] == unsafe.SliceData(s) {
			a.releasedTwice(s)
		}
		s = unsafe.Slice(unsafe.SliceData(s), class.size)
	}
	if cap(s) != 0 {
		a.parent.Deallocate(s)
	}
}

func (a *Recycling[T]) releasedTwice(s []T) {
	panic(allocator.Misuse(a, allocator.SameBlock, s, "released twice"))
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

// evict gives blocks back to the parent until there is room for n values.
func (a *Recycling[T]) evict(n int) {
	for a.room < n {
		class := &a.classes[a.next]
		a.next = (a.next + 1) % len(a.classes)
		if len(class.free) != 0 {
			a.parent.Deallocate(unsafe.Slice(a.pop(class), class.size))
		}
	}
}
