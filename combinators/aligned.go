package combinators

import (
	"fmt"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Aligned hands out blocks whose address is a multiple of the alignment. No other
// block shares the bytes between the end of a block and the next multiple.
//
// Use it to keep blocks of different goroutines on different cache lines (64 bytes
// on most processors, 128 on some), and for buffers that a device or a vector
// instruction needs aligned.
//
// In Go a block can be aligned only by choosing the value that it starts with. So
// Aligned asks its parent for extra values, fewer than twice
// alignment/gcd(alignment, size of T), and starts with the first that is aligned.
// For bytes, words, and a T of an odd number of words there always is one. For
// other sizes, such as a T of 64 bytes, all values of a block are equally far from
// an aligned address. Then it depends on where the parent's block starts. A block
// of [allocator.Pages] starts at a page. A block of the Go heap starts at a
// multiple of the largest power of two that divides its size class, or 8 bytes
// after one for blocks of more than 512 bytes with pointers. A request that cannot
// be aligned fails.
//
// It costs an entry in a map for each live block, and some tens of nanoseconds for
// each request. So put it below an allocator that keeps storage. It keeps no
// storage itself, but a block that is never released stays reachable. Blocks of a
// zero-size T are not aligned.
//
// It is exhausted when its parent is. Where the parent's block has no aligned
// value, the error wraps [allocator.ErrTooLarge].
//
// One goroutine at a time may use it; see [ThreadSafe].
//
// It panics if a released block is not handed out, or has another capacity than it
// was handed out with.
type Aligned[T any] struct {
	_         noCopy
	parent    allocator.Allocator[T]
	can       capabilities[T]
	alignment uintptr
	unit      int     // values from one aligned one to the next, 0 if T has no size
	inverse   uintptr // of the odd part of T's size
	live      wholes[T]
}

var errUnaligned = fmt.Errorf("combinators: Aligned: the parent's block has no aligned value: %w", allocator.ErrTooLarge)

// NewAligned returns an Aligned over parent, for an alignment in bytes. It
// panics if that is not a power of two.
func NewAligned[T any](parent allocator.Allocator[T], alignment int) *Aligned[T] {
	a := &Aligned[T]{
		parent:    parent,
		can:       capabilitiesOf(parent, "NewAligned"),
		alignment: uintptr(alignment),
		live:      wholes[T]{},
	}
	if alignment < 1 || alignment&(alignment-1) != 0 {
		panic(fmt.Sprintf("combinators: NewAligned: the alignment is not a power of two: %d", alignment))
	}
	if size := unsafe.Sizeof(*new(T)); size != 0 {
		a.unit = int(a.alignment / min(a.alignment, size&-size))
		// Newton's iteration, modulo a power of two: each turn doubles the number
		// of bits that are right, of which there are three at first.
		odd := size / (size & -size)
		a.inverse = odd
		for range 5 {
			a.inverse *= 2 - odd*a.inverse
		}
	}
	return a
}

// skip returns how many values are between a start and the first aligned one. It
// is false if there is none, and the number means nothing then.
func (a *Aligned[T]) skip(start uintptr) (int, bool) {
	// This number of sizes, modulo the alignment, makes up for how far start is off.
	off, common := start&(a.alignment-1), a.alignment/uintptr(a.unit)
	return int(-(off / common) * a.inverse & uintptr(a.unit-1)), off&(common-1) == 0
}

// Allocate returns n values of the parent's storage that start at an aligned
// address.
func (a *Aligned[T]) Allocate(n int) ([]T, error) {
	if needsNone[T](n) {
		return a.parent.Allocate(n)
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	whole, err := a.parent.Allocate(a.size(n))
	if err != nil {
		return nil, err
	}
	skip, ok := a.skip(address(whole))
	if !ok {
		a.parent.Deallocate(whole)
		return nil, errUnaligned
	}
	end := skip + a.room(cap(whole))
	if n == 1 {
		end = skip + 1
	}
	s := whole[skip : skip+n : end]
	a.live.put(s, whole)
	return s, nil
}

// Deallocate gives the whole block that s is a part of back to the parent.
func (a *Aligned[T]) Deallocate(s []T) {
	if needsNone[T](cap(s)) {
		a.parent.Deallocate(s)
		return
	}
	whole := a.live.get(a, s)
	a.parent.Deallocate(whole)
	a.live.remove(s)
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Aligned[T]) Reset() {
	a.can.reset()
	clear(a.live)
}

// Trim trims the parent.
func (a *Aligned[T]) Trim() { a.can.trim() }

// GoodSize returns how many values fit into the bytes that a block for n has to
// itself.
func (a *Aligned[T]) GoodSize(n int) int {
	if allocator.CheckSize[T](n) != nil || needsNone[T](n) {
		return n
	}
	return a.room(a.can.goodSize(a.size(n)))
}

// room returns how many values of a block of the parent's a block has, whole units,
// wherever the first aligned one is.
func (a *Aligned[T]) room(capacity int) int { return (capacity - a.unit + 1) / a.unit * a.unit }

// Capable implements [allocator.Conditional]. Reset works if it does for the
// parent.
func (a *Aligned[T]) Capable(c allocator.Capability) bool {
	return c == allocator.CanReset && a.can.capable(c)
}

// Parents implements [allocator.Composite].
func (a *Aligned[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *Aligned[T]) String() string {
	return fmt.Sprintf("Aligned(%s, %d)", allocator.Describe(a.parent), a.alignment)
}

// size returns how many values of the parent a block of n takes up: whole
// units, and what may have to be skipped.
func (a *Aligned[T]) size(n int) int { return (n+a.unit-1)/a.unit*a.unit + a.unit - 1 }
