package combinators

import (
	"fmt"
	"math"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Budgeted counts the bytes that it hands out against a [Budget], which it
// shares with other allocators of any types.
//
// Use it as the outermost layer of each allocator that shares the budget. A
// cache above it would keep room that others wait for.
//
// It costs four atomic operations for each block, twice what a [Limit] costs or
// a little more (BenchmarkBudgeted), and keeps no storage.
//
// It is exhausted when the budget or its parent is. A request without a
// reservation also fails while somebody else waits for room. A request that
// exceeds the limit on its own fails with [allocator.ErrTooLarge].
//
// It is safe for concurrent use if its parent is.
//
// It panics if more is released than was handed out.
type Budgeted[T any] struct {
	_ noCopy
	passing[T]
	budget *Budget
	share  atomic.Int64 // bytes of the budget that are handed out here
	size   int64        // of a value
}

// NewBudgeted returns a Budgeted over parent that uses the budget and its
// reservations. It panics if budget is nil.
func NewBudgeted[T any](parent allocator.Allocator[T], budget *Budget) *Budgeted[T] {
	a := &Budgeted[T]{passing: newPassing(parent, "NewBudgeted"), budget: budget, size: int64(unsafe.Sizeof(*new(T)))}
	if budget == nil {
		panic("combinators: NewBudgeted: the budget is nil")
	}
	return a
}

// Allocate asks the parent for n values if the budget has room for them.
func (a *Budgeted[T]) Allocate(n int) ([]T, error) {
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	held := a.cost(n)
	if held > a.budget.funds.limit {
		return nil, allocator.ErrTooLarge
	}
	reserved, ok := a.budget.take(held)
	if !ok {
		return nil, allocator.ErrExhausted
	}
	given := false
	defer func() { // the parent may panic
		if !given {
			a.budget.giveBack(held, reserved)
		}
	}()
	s, err := a.parent.Allocate(n)
	if err != nil {
		return nil, err
	}
	if more := bytesOf(s) - held; more > 0 { // than the parent's GoodSize says
		err := allocator.ErrTooLarge
		if bytesOf(s) <= a.budget.funds.limit {
			if _, ok := a.budget.take(more); ok {
				err = nil
			} else {
				err = allocator.ErrExhausted
			}
		}
		if err != nil {
			a.parent.Deallocate(s)
			return nil, err
		}
	} else if more < 0 {
		a.budget.funds.release(-more)
	}
	given = true
	a.share.Add(bytesOf(s))
	return s, nil
}

// Deallocate gives s back to the parent.
func (a *Budgeted[T]) Deallocate(s []T) {
	a.parent.Deallocate(s)
	size := bytesOf(s)
	if size == 0 {
		return
	}
	if a.share.Add(-size) < 0 {
		a.share.Add(size)
		panic(allocator.Misuse(a, s, "more is released than was handed out"))
	}
	a.budget.funds.release(size)
}

// Cost returns how many bytes of the budget a request for n values takes, and so how
// many to wait for. If the parent hands out more than its GoodSize says, the request
// takes more, and the reservation may not be enough. [SingleSlot] and [Slots] do that
// when they keep a larger block, so put the Budgeted below them.
func (a *Budgeted[T]) Cost(n int) int {
	if n > 0 && allocator.CheckSize[T](n) != nil {
		return math.MaxInt
	}
	return int(a.cost(n))
}

// Live returns how many bytes of the budget are handed out here.
func (a *Budgeted[T]) Live() int { return int(a.share.Load()) }

// Resize resizes s in place if the parent can and the budget allows it.
func (a *Budgeted[T]) Resize(s []T, n int) ([]T, bool) {
	if allocator.CheckSize[T](n) != nil {
		return nil, false
	}
	held := max(a.cost(n)-bytesOf(s), 0)
	reserved, ok := a.budget.take(held)
	if !ok {
		return nil, false
	}
	resized := false
	defer func() { // the parent may panic
		if !resized {
			a.budget.giveBack(held, reserved)
		}
	}()
	r, resized := a.can.resize(s, n)
	if resized {
		grown := bytesOf(r) - bytesOf(s)
		a.share.Add(grown)
		a.budget.funds.release(held - grown)
	}
	return r, resized
}

// Reset releases all blocks, and gives their bytes back to the budget. The
// bytes of other allocators, and reservations, are not affected. It panics if
// the parent cannot be reset.
func (a *Budgeted[T]) Reset() {
	a.can.reset()
	a.budget.funds.release(a.share.Swap(0))
}

// String returns the expression that builds the allocator.
func (a *Budgeted[T]) String() string {
	return fmt.Sprintf("Budgeted(%s, %v)", allocator.Describe(a.parent), a.budget)
}

// cost returns the bytes of a block for n values. One value has no room beside
// it.
func (a *Budgeted[T]) cost(n int) int64 {
	if n > 1 {
		n = a.can.goodSize(n)
	}
	return int64(n) * a.size
}
