package combinators

import (
	"fmt"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// backing is where a [Slab], a [Region] or a [Buddy] gets its storage: one
// block of the parent, taken with the first request, that it divides up.
type backing[T any] struct {
	parent   allocator.Allocator[T]
	can      capabilities[T]
	capacity int // values in the block
	clears   bool
}

// newBacking panics if there is no parent or the capacity is negative, for
// which it blames the constructor.
func newBacking[T any](parent allocator.Allocator[T], capacity int, constructor string) backing[T] {
	b := backing[T]{
		parent:   parent,
		can:      capabilitiesOf(parent, constructor),
		capacity: capacity,
		clears:   allocator.HasPointers[T](),
	}
	if capacity < 0 {
		panic(fmt.Sprintf("combinators: %s: the capacity is negative: %d", constructor, capacity))
	}
	return b
}

// open takes the block from the parent unless it is there already. It fails
// for a request for n values that the block can never serve.
func (b *backing[T]) open(block *[]T, n int) error {
	if err := allocator.CheckSize[T](n); err != nil {
		return err
	}
	if n > b.capacity {
		return allocator.ErrTooLarge
	}
	if *block != nil {
		return nil
	}
	s, err := b.parent.Allocate(b.capacity)
	if err == nil {
		*block = s
	}
	return err
}

// close gives the block back to the parent.
func (b *backing[T]) close(block *[]T) {
	if s := *block; s != nil {
		*block = nil
		allocator.Reissue(s)
		b.parent.Deallocate(s)
	}
}

// needsNone reports whether n values take no storage, because there are none
// or because T has no size.
func needsNone[T any](n int) bool {
	return n >= 0 && (n == 0 || unsafe.Sizeof(*new(T)) == 0)
}

// within returns which value of block s starts at. It is false if s does not
// start at one, or ends beyond block.
func within[T any](block, s []T) (int, bool) {
	size := max(unsafe.Sizeof(*new(T)), 1)
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(s))) - uintptr(unsafe.Pointer(unsafe.SliceData(block)))
	i := offset / size
	return int(i), i*size == offset && i < uintptr(len(block)) && uintptr(cap(s)) <= uintptr(len(block))-i
}

// covers reports whether s starts inside block, as a block of values of no size
// does inside every other. It is small enough to be inlined into an Owns.
func covers[T any](block, s []T) bool {
	size := unsafe.Sizeof(*new(T))
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(s))) - uintptr(unsafe.Pointer(unsafe.SliceData(block)))
	return cap(s) != 0 && (size == 0 || offset < uintptr(len(block))*size)
}

// vacate makes a whole block ready to be handed out again. The quickest of the
// Deallocate methods have its lines instead of it, because a generic function
// looks up the types of those that it calls.
func vacate[T any](s []T, clears bool) {
	if clears {
		wipe(s)
	}
	allocator.Retire(s)
}

// vacateAll is vacate for storage of which some may be free already.
func vacateAll[T any](s []T, clears bool) {
	allocator.Reissue(s)
	vacate(s, clears)
}

// reissued marks a block that grew in place as handed out, and returns it.
func reissued[T any](s []T) ([]T, bool) {
	allocator.Reissue(s)
	return s, true
}

// What is said of a block that is not taken.
const (
	freedTwice    = "released twice"
	resizedFree   = "resized, and it is not a block that is handed out"
	foreignBlock  = "released to an allocator that did not give it" + grown
	otherCapacity = "released" + withOtherCapacity
	resizedOther  = "resized" + withOtherCapacity

	withOtherCapacity = " with another capacity than it was handed out with" + grown

	// grown is what may have happened, as every user of sync.Pool does it.
	grown = "; if append has moved it, grow blocks with allocator.Append"
)
