package proptest

import (
	"slices"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// A fault is what finds a faulty allocator, on a leaf and in compositions.
type fault struct{ alone, among func(*rapid.T) }

func single[T any](build Builder[T], claims Claims) fault {
	return fault{
		alone: property(func(t *rapid.T) *found {
			on := treeOf(userNode(claims, build), drawTree[T](t, 0))
			if claims.ThreadSafe && rapid.Bool().Draw(t, "several goroutines") {
				return concurrentRuns(t, on)
			}
			return machineRuns(t, on)
		}),
		among: ConformCheck(build, claims),
	}
}

// faulty passes everything on but for what is replaced.
type faulty[T any] struct {
	parent     allocator.Allocator[T]
	allocate   func(n int) ([]T, error)
	deallocate func(s []T)
	owns       func(s []T) bool
	resize     func(s []T, n int) ([]T, bool)
	goodSize   func(n int) int
	trim       func()
}

// planted returns the programs on an allocator with a fault.
func planted[T any](plant func(*faulty[T]), claims Claims) fault {
	return single(func(parent allocator.Allocator[T]) allocator.Allocator[T] {
		a := &faulty[T]{parent: parent}
		plant(a)
		return a
	}, claims)
}

// onTwo returns the programs on an allocator with two parents, the first of
// which has little.
func onTwo[T any](build func(p, q allocator.Allocator[T]) allocator.Allocator[T]) fault {
	two := node[T]{name: "two", plan: func([]int, []plan[T]) plan[T] {
		return pair([]plan[T]{leafPlan[T](8, 0), leafPlan[T](0, 0)}, Claims{}, build)
	}}
	program := property(func(t *rapid.T) *found { return machineRuns(t, treeOf(two)) })
	return fault{program, program}
}

func (a *faulty[T]) Allocate(n int) ([]T, error) {
	if a.allocate != nil {
		return a.allocate(n)
	}
	return a.parent.Allocate(n)
}

func (a *faulty[T]) Deallocate(s []T) {
	if a.deallocate != nil {
		a.deallocate(s)
		return
	}
	a.parent.Deallocate(s)
}

func (a *faulty[T]) Owns(s []T) bool { return a.owns(s) }

func (a *faulty[T]) Resize(s []T, n int) ([]T, bool) {
	if a.resize == nil {
		return nil, false
	}
	return a.resize(s, n)
}

func (a *faulty[T]) GoodSize(n int) int {
	if a.goodSize == nil {
		return n
	}
	return a.goodSize(n)
}

func (a *faulty[T]) Trim() {
	if a.trim != nil {
		a.trim()
	}
}

func (a *faulty[T]) Capable(c allocator.Capability) bool {
	return c == allocator.CanOwn && a.owns != nil
}

// recycle keeps released blocks and does not clear those that keep says.
func recycle[T any](a *faulty[T], keep func(s []T) bool) {
	var free [][]T
	a.allocate = func(n int) ([]T, error) {
		for i, s := range free {
			if n > 0 && !wrongSize(s[:min(n, cap(s))], n) {
				free = slices.Delete(free, i, i+1)
				return s[:n], nil
			}
		}
		s, err := a.parent.Allocate(n)
		if err != nil {
			a.trim()
			s, err = a.parent.Allocate(n)
		}
		return s, err
	}
	a.deallocate = func(s []T) {
		switch {
		case cap(s) == 0:
		case keep(s):
			free = append(free, s)
		default:
			a.parent.Deallocate(s)
		}
	}
	a.trim = func() {
		for len(free) != 0 {
			s := free[0]
			free = free[1:] // first, because the parent may panic
			a.parent.Deallocate(s)
		}
	}
}

// bump is a region with places for faults. Without one it is correct.
type bump[T any] struct {
	parent     allocator.Allocator[T]
	capacity   int
	block      []T
	used       int
	begin      int // what used was before the first block since a Reset
	advance    func(n int) int
	release    func(s []T, i int)
	moveFirst  bool // the cursor moves before the room is looked at
	resetTo    int  // where the cursor is after a Reset
	resetFrees bool // a Reset gives the block back and goes on using it
	trimAlways bool // a Trim gives the block back while it is in use
	shrink     bool // Resize cuts off, and does not clear
	growOver   bool // and grows
	roomy      bool // the capacity of a block reaches to the end
}

func (a *bump[T]) Allocate(n int) ([]T, error) {
	switch {
	case n == 0:
		return nil, nil
	case n < 0:
		return nil, allocator.ErrSize
	case n > a.capacity:
		return nil, allocator.ErrTooLarge
	}
	if a.block == nil {
		s, err := a.parent.Allocate(a.capacity)
		if err != nil {
			return nil, err
		}
		a.block = s
	}
	i := a.used
	if i+n > a.capacity {
		if a.moveFirst {
			a.used = a.capacity
		}
		return nil, allocator.ErrExhausted
	}
	if a.advance != nil {
		a.used += a.advance(n)
	} else {
		a.used += n
	}
	if a.roomy && n > 1 {
		return a.block[i : i+n], nil
	}
	return a.block[i : i+n : i+n], nil
}

func (a *bump[T]) Deallocate(s []T) {
	if cap(s) == 0 {
		return
	}
	var zero T
	if a.release != nil {
		a.release(s, int((address(s)-address(a.block))/unsafe.Sizeof(zero)))
	}
}

func (a *bump[T]) Resize(s []T, n int) ([]T, bool) {
	if !a.shrink || n < 1 || n > cap(s) && (!a.growOver || n > 2*cap(s)) {
		return nil, false
	}
	var zero T
	i := int((address(s) - address(a.block)) / unsafe.Sizeof(zero))
	if i+n > a.capacity {
		return nil, false
	}
	return a.block[i : i+n : i+n], true
}

func (a *bump[T]) Reset() {
	if a.resetFrees && a.block != nil {
		a.parent.Deallocate(a.block)
	} else {
		clear(a.block)
	}
	a.used = min(a.resetTo, len(a.block))
	a.begin = a.used
}

func (a *bump[T]) Trim() {
	if a.block != nil && (a.used == a.begin || a.trimAlways) && !a.resetFrees {
		a.parent.Deallocate(a.block)
		if !a.trimAlways {
			a.block = nil
		}
	}
}

// places is a slab for single values with places for faults.
type places[T any] struct {
	parent  allocator.Allocator[T]
	count   int
	block   []T
	free    []int
	last    int
	live    int
	wasFull bool
	lose    func(i, last int) bool
	stuck   func(free int) bool
}

func (a *places[T]) Allocate(n int) ([]T, error) {
	switch {
	case n == 0:
		return nil, nil
	case n < 0:
		return nil, allocator.ErrSize
	case n > 1:
		return nil, allocator.ErrTooLarge
	}
	if a.block == nil {
		s, err := a.parent.Allocate(a.count)
		if err != nil {
			return nil, err
		}
		a.block, a.last, a.wasFull = s, -2, false
		for i := range a.count {
			a.free = append(a.free, a.count-1-i)
		}
	}
	if len(a.free) == 0 || a.stuck != nil && a.stuck(len(a.free)) {
		return nil, allocator.ErrExhausted
	}
	a.live++
	i := a.free[len(a.free)-1]
	a.free = a.free[:len(a.free)-1]
	a.wasFull = a.wasFull || len(a.free) == 0
	return a.block[i : i+1 : i+1], nil
}

func (a *places[T]) Deallocate(s []T) {
	if cap(s) == 0 {
		return
	}
	if cap(s) != 1 || !contains(a.block, s) {
		panic(allocator.Misuse(a, s, "not a place of it"))
	}
	var zero T
	i := int((address(s) - address(a.block)) / unsafe.Sizeof(zero))
	a.live--
	if a.lose == nil || !a.lose(i, a.last) {
		a.free = append(a.free, i)
	}
	if a.wasFull = a.wasFull && len(a.free) < 3; true {
		a.last = i
	}
}

func (a *places[T]) Trim() {
	if a.live == 0 && a.block != nil {
		a.parent.Deallocate(a.block)
		a.block, a.free = nil, nil
	}
}

var bumpClaims = Claims{Capacity: 64, UntilReset: true}
