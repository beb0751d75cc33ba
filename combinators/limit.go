package combinators

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Limit bounds how many values, or how many bytes, are handed out at once.
//
// Use it where memory has a budget: a limit for each client, or one for all buffers
// together.
//
// It costs two atomic operations for each block, about ten nanoseconds
// (BenchmarkLimit), and keeps no storage.
//
// It is exhausted when the request would exceed the limit, or when its parent is. A
// request that exceeds the limit on its own fails with [allocator.ErrTooLarge]. So
// a limit of 0 refuses every request with ErrTooLarge, unlike [allocator.Null],
// which is exhausted.
//
// It is safe for concurrent use if its parent is. Together, goroutines never hold
// more than the limit. A request that would exceed it takes nothing away from the
// others, not even for a moment. A request that the parent refuses does, until it
// fails.
//
// It panics if more is released than was handed out.
type Limit[T any] struct {
	_ noCopy
	passing[T]
	limit int64 // in units: values, or bytes
	unit  int64
	live  atomic.Int64
	name  string // of the constructor
}

// NewLimit returns a Limit of limit values over parent. It panics if limit
// is negative.
func NewLimit[T any](parent allocator.Allocator[T], limit int) *Limit[T] {
	return newLimit(parent, limit, 1, "Limit")
}

// NewByteLimit returns a Limit of limit bytes over parent. Zero-size values
// take no bytes, so any number of them is within every limit, even a limit of
// 0. It panics if limit is negative.
func NewByteLimit[T any](parent allocator.Allocator[T], limit int) *Limit[T] {
	return newLimit(parent, limit, int64(unsafe.Sizeof(*new(T))), "ByteLimit")
}

func newLimit[T any](parent allocator.Allocator[T], limit int, unit int64, name string) *Limit[T] {
	a := &Limit[T]{passing: newPassing(parent, "New"+name), limit: int64(limit), unit: unit, name: name}
	if limit < 0 {
		panic(fmt.Sprintf("combinators: New%s: the limit is negative: %d", name, limit))
	}
	return a
}

// Allocate asks the parent for n values if they are within the limit. If the
// block has more room, all of it must be within the limit.
func (a *Limit[T]) Allocate(n int) ([]T, error) {
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	held := int64(n) * a.unit
	if n > 1 { // one value has no room beside it
		held = int64(max(n, a.can.goodSize(n))) * a.unit
	}
	if held > a.limit {
		return nil, allocator.ErrTooLarge
	}
	if !a.take(held) {
		return nil, allocator.ErrExhausted
	}
	used := int64(0)
	defer func() { a.live.Add(used - held) }() // the parent may panic
	s, err := a.parent.Allocate(n)
	if err != nil {
		return nil, err
	}
	size := int64(cap(s)) * a.unit
	if more := size - held; more > 0 { // than the parent's GoodSize says
		if err := a.takeMore(size, more); err != nil {
			a.parent.Deallocate(s)
			return nil, err
		}
		held = size
	}
	used = size
	return s, nil
}

// takeMore counts n more units for a block that turned out to have size units, and
// says why it does not.
func (a *Limit[T]) takeMore(size, n int64) error {
	switch {
	case size > a.limit:
		return allocator.ErrTooLarge
	case !a.take(n):
		return allocator.ErrExhausted
	}
	return nil
}

// Deallocate gives s back to the parent.
func (a *Limit[T]) Deallocate(s []T) {
	a.parent.Deallocate(s)
	if size := int64(cap(s)) * a.unit; a.live.Add(-size) < 0 {
		a.live.Add(size)
		panic(allocator.Misuse(a, s, "more is released than was handed out"))
	}
}

// Live returns how many values are handed out, or how many bytes for a limit in
// bytes.
func (a *Limit[T]) Live() int { return int(a.live.Load()) }

// Resize resizes s in place if the parent can and the limit allows it.
func (a *Limit[T]) Resize(s []T, n int) ([]T, bool) {
	if allocator.CheckSize[T](n) != nil {
		return nil, false
	}
	held := max(int64(a.can.goodSize(n))-int64(cap(s)), 0) * a.unit
	if !a.take(held) {
		return nil, false
	}
	grown := int64(0)
	defer func() { a.live.Add(grown - held) }() // the parent may panic
	r, ok := a.can.resize(s, n)
	if ok {
		grown = (int64(cap(r)) - int64(cap(s))) * a.unit
	}
	return r, ok
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Limit[T]) Reset() {
	a.can.reset()
	a.live.Store(0)
}

// String returns the expression that builds the allocator.
func (a *Limit[T]) String() string {
	return fmt.Sprintf("%s(%s, %d)", a.name, allocator.Describe(a.parent), a.limit)
}

// take counts n more units if they are within the limit. It does not count
// first and look then, or a large request that fails would be in the way of a
// small one.
func (a *Limit[T]) take(n int64) bool {
	for {
		live := a.live.Load()
		if n > a.limit-live {
			return false
		}
		if a.live.CompareAndSwap(live, live+n) {
			return true
		}
	}
}
