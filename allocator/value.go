package allocator

import (
	"fmt"
	"unsafe"
)

// New returns storage for one value. Like the contents of any block, the value
// is unspecified unless T has pointers, which are then never stale, or a says
// that its blocks are zero ([GivesZeros]). Release it with [Delete].
func New[T any](a Allocator[T]) (*T, error) {
	s, err := a.Allocate(1)
	if err != nil {
		return nil, err
	}
	if len(s) != 1 || cap(s) != 1 { // or Delete could not give it back
		panic(Misuse(a, s, fmt.Sprintf("Allocate(1) has len %d and cap %d", len(s), cap(s))))
	}
	return unsafe.SliceData(s), nil
}

// Delete releases the storage that [New] returned for the same allocator. A nil
// p is ignored.
func Delete[T any](a Allocator[T], p *T) {
	if p != nil {
		a.Deallocate(unsafe.Slice(p, 1))
	}
}
