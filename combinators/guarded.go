package combinators

import (
	"bytes"
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Guarded puts guards on both sides of a block: values that nobody should write
// to. It checks them when the block is released.
//
// Use it to find writes beyond a block, by code whose bounds Go does not check:
// package unsafe, a system call, C. It does not find reads beyond a block.
// allocator.NewGuardedPages finds both, at the moment when they happen.
//
// The guards contain a pattern of bytes. For a T with pointers they are zero,
// and a write of zeros to them is not found.
//
// It costs writing and reading the guards, their room, and an entry in a map
// behind a lock. It keeps no storage itself, but a block that is never released
// stays reachable. Blocks of a zero-size T have no guards. The blocks have
// exactly the room that was asked for, so that append does not use the guards.
//
// It is exhausted when its parent is, for a request of the larger size.
//
// It is safe for concurrent use if its parent is.
//
// It panics if a released block has a damaged guard, is not handed out, or has
// another capacity than it was handed out with. A block with a damaged guard
// stays handed out.
type Guarded[T any] struct {
	parent  allocator.Allocator[T]
	can     capabilities[T]
	guard   int    // values on either side
	pattern []byte // what a guard holds
	zero    bool   // and it is zero, because T has pointers

	mu   sync.Mutex
	live wholes[T]
}

// guardByte is odd, is not the start of a letter in UTF-8, and makes a large
// negative number.
const guardByte = 0xa5

// NewGuarded returns a Guarded over parent with guard values before and after
// each block. It panics if guard is less than 1.
func NewGuarded[T any](parent allocator.Allocator[T], guard int) *Guarded[T] {
	a := &Guarded[T]{parent: parent, can: capabilitiesOf(parent, "NewGuarded"), guard: guard, live: wholes[T]{}}
	if err := allocator.CheckSize[T](guard); guard < 1 || err != nil {
		panic(fmt.Sprintf("combinators: NewGuarded: there can be no guards of %d values", guard))
	}
	var zero T
	a.pattern = make([]byte, guard*int(unsafe.Sizeof(zero)))
	a.zero = allocator.HasPointers[T]()
	if !a.zero {
		for i := range a.pattern {
			a.pattern[i] = guardByte
		}
	}
	return a
}

// Allocate returns n values of the parent's storage, between two guards.
func (a *Guarded[T]) Allocate(n int) ([]T, error) {
	if needsNone[T](n) {
		return a.parent.Allocate(n)
	}
	if n > math.MaxInt-2*a.guard { // which is no block's size on 64 bits
		return nil, allocator.ErrTooLarge
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	whole, err := a.parent.Allocate(n + 2*a.guard)
	if err != nil {
		return nil, err
	}
	end := a.guard + n
	a.set(whole[:a.guard])
	a.set(whole[end:]) // not up to its capacity, so that to look at it costs what a guard costs
	s := whole[a.guard:end:end]
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live.put(s, whole)
	return s, nil
}

// Deallocate checks the guards of s, and gives the block and its guards back to
// the parent.
func (a *Guarded[T]) Deallocate(s []T) {
	if needsNone[T](cap(s)) {
		a.parent.Deallocate(s)
		return
	}
	whole := a.release(s)
	defer func() { // the parent may panic
		if whole != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.live.put(s, whole)
		}
	}()
	a.parent.Deallocate(whole)
	whole = nil
}

// release looks at the guards of s, forgets it, and returns the whole that it is a
// part of.
func (a *Guarded[T]) release(s []T) []T {
	a.mu.Lock()
	defer a.mu.Unlock()
	whole := a.live.get(a, s)
	a.check(s, asBytes(whole[:a.guard]), "before")
	a.check(s, asBytes(whole[a.guard+cap(s):]), "after")
	a.live.remove(s)
	return whole
}

// Reset releases all blocks, without checking their guards. It panics if the
// parent cannot be reset.
func (a *Guarded[T]) Reset() {
	a.can.reset()
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.live)
}

// Trim trims the parent.
func (a *Guarded[T]) Trim() { a.can.trim() }

// GoodSize returns how many values fit between the guards of a block for n.
func (a *Guarded[T]) GoodSize(n int) int {
	if n < 1 || allocator.CheckSize[T](n) != nil || needsNone[T](n) {
		return n
	}
	return a.can.goodSize(n+2*a.guard) - 2*a.guard
}

// Capable implements [allocator.Conditional]. Reset works if it does for the
// parent.
func (a *Guarded[T]) Capable(c allocator.Capability) bool {
	return c == allocator.CanReset && a.can.capable(c)
}

// Parents implements [allocator.Composite].
func (a *Guarded[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *Guarded[T]) String() string {
	return fmt.Sprintf("Guarded(%s, %d)", allocator.Describe(a.parent), a.guard)
}

// set makes a guard.
func (a *Guarded[T]) set(guard []T) {
	if a.zero {
		clear(guard) // bytes must not be copied over pointers
		return
	}
	copy(asBytes(guard), a.pattern)
}

// check panics if a guard of s was written to.
func (a *Guarded[T]) check(s []T, guard []byte, side string) {
	if bytes.Equal(guard, a.pattern) {
		return
	}
	first := 0
	for guard[first] == a.pattern[first] {
		first++
	}
	distance := first + 1
	if side == "before" {
		distance = len(guard) - first
	}
	panic(allocator.Misuse(a, s,
		fmt.Sprintf("written to beyond its bounds: byte %d %s it is %#02x", distance, side, guard[first])))
}

// asBytes returns the storage of s as bytes.
func asBytes[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}
