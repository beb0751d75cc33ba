package allocator

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// Pages allocates pages of the operating system, outside the Go heap: with mmap, or with
// VirtualAlloc on Windows.
//
// Use it for large storage that the garbage collector should neither scan nor count when
// it decides how often to run. Each block takes whole pages, so put an allocator that
// divides storage up, such as combinators.Slab, over it. T must not have pointers, since
// the collector would not follow them.
//
// Each request and each release is one or two system calls, which take microseconds,
// whatever the number of live blocks. Each page costs a little more when it is first
// written to. A release gives the pages back at once. Using a block after its release is a
// fault that ends the program, unless its pages have been used for something else since.
//
// [NewGuardedPages] returns Pages that catch accesses out of bounds. Such Pages put an
// inaccessible page, a guard, on each side of a block. The block ends exactly where the
// second guard begins, so reading or writing just beyond its end is a fault at once. In
// front of the block there may be a gap of less than a page, so an access before its start
// is a fault only once it reaches the first guard. A guarded block has exactly the room
// that was asked for. An unguarded block has the room of its whole pages.
//
// It is exhausted when the operating system refuses, and always on a system that is
// neither Unix nor Windows.
//
// Any number of goroutines may use it.
//
// Deallocate panics if the block is not one that it has handed out.
type Pages[T any] struct {
	guard uintptr // bytes before and after a block
	plan  string

	mu   sync.Mutex
	live addresses
}

// NewPages returns Pages. It fails if T has pointers, with an error that names
// the first field with one.
func NewPages[T any]() (*Pages[T], error) { return newPages[T]("Pages", 0) }

// NewGuardedPages returns Pages with a guard page on each side of a block. It
// fails if T has pointers, with an error that names the first field with one.
func NewGuardedPages[T any]() (*Pages[T], error) { return newPages[T]("GuardedPages", pageSize()) }

func newPages[T any](name string, guard uintptr) (*Pages[T], error) {
	t := reflect.TypeFor[T]()
	if path := PointerPath(t); path != "" {
		return nil, fmt.Errorf("allocator: %s[%v]: the garbage collector would not follow the pointer %s", name, t, path)
	}
	return &Pages[T]{guard: guard, plan: name + "[" + t.String() + "]"}, nil
}

// Allocate returns n zeroed values.
func (a *Pages[T]) Allocate(n int) ([]T, error) {
	if err := CheckSize[T](n); err != nil {
		return nil, err
	}
	bytes := uintptr(n) * unsafe.Sizeof(*new(T))
	if bytes == 0 {
		return make([]T, n), nil
	}
	room, capacity := roundToPage(bytes), n
	if a.guard == 0 && n != 1 {
		capacity = int(room / unsafe.Sizeof(*new(T)))
	}
	if uint64(room)+2*uint64(a.guard) > maxBytes {
		return nil, ErrTooLarge
	}
	pages := mapPages(room, a.guard)
	if pages == nil {
		return nil, ErrExhausted
	}
	offset := a.guard
	if a.guard != 0 {
		offset += room - bytes // a multiple of the alignment, as both are
	}
	start := unsafe.Pointer(&pages[offset])
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live.add(pageBlock{uintptr(start), capacity, pages})
	return unsafe.Slice((*T)(start), capacity)[:n], nil
}

// Deallocate gives the pages of s back to the operating system.
func (a *Pages[T]) Deallocate(s []T) {
	if cap(s) == 0 || unsafe.Sizeof(*new(T)) == 0 {
		return
	}
	unmapPages(a.take(s))
}

// take forgets a block and returns its pages.
func (a *Pages[T]) take(s []T) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.live.find(uintptr(unsafe.Pointer(unsafe.SliceData(s))))
	switch {
	case !ok:
		panic(Misuse(a, s, "released twice, or to an allocator that did not give it"+grown))
	case b.capacity != cap(s):
		panic(Misuse(a, s, "released with another capacity than it was handed out with"+grown))
	}
	a.live.remove(b.start)
	Reissue(b.pages) // the next pages at this address are new ones
	return b.pages
}

// Owns reports whether s starts inside a live block.
func (a *Pages[T]) Owns(s []T) bool {
	if cap(s) == 0 || unsafe.Sizeof(*new(T)) == 0 {
		return cap(s) != 0 // blocks of size 0 belong to every allocator
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.live.atOrBelow(start)
	return ok && start-b.start < uintptr(b.capacity)*unsafe.Sizeof(*new(T))
}

// Reset gives all pages back to the operating system.
func (a *Pages[T]) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, run := range a.live.runs {
		for _, b := range run {
			Reissue(b.pages)
			unmapPages(b.pages)
		}
	}
	a.live = addresses{}
}

// GoodSize returns how many values fit into the pages that n values need.
func (a *Pages[T]) GoodSize(n int) int {
	size := unsafe.Sizeof(*new(T))
	if n < 1 || size == 0 || CheckSize[T](n) != nil {
		return n
	}
	return int(roundToPage(uintptr(n)*size) / size)
}

// String returns the expression that builds the allocator.
func (a *Pages[T]) String() string { return a.plan }

// Capable reports whether c is [CanOwn] or [CanReset], or [CanZero], because its
// blocks are zero.
func (a *Pages[T]) Capable(c Capability) bool { return c == CanOwn || c == CanReset || c == CanZero }

func roundToPage(bytes uintptr) uintptr { return (bytes + pageSize() - 1) &^ (pageSize() - 1) }
