package allocator

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unsafe"
)

// Pages allocates pages of the operating system, outside of the Go heap: with
// mmap, or VirtualAlloc on Windows.
//
// Use it for large storage that the garbage collector is to have nothing to do
// with: not to look at it, and not to count it when it decides how often to
// run. It is the parent for a block that divides storage up, because each of
// its own blocks takes up whole pages. T must not have pointers, since the
// collector would not follow them.
//
// Each request and each release is a system call or two and costs
// microseconds, and every page costs some when it is first written to. A
// release gives the pages back at once. Whoever uses a released block gets a
// fault that ends the program, until the pages are used for something else.
//
// Guarded Pages put a page that cannot be used before and after each block,
// which ends right before the latter: to read or write beyond the end of a
// block is a fault at that moment, and so it is less than a page before its
// start or a little more.
//
// It is exhausted when the operating system refuses.
//
// Any number of goroutines may use it.
//
// It panics if a block is released that it has not handed out.
type Pages[T any] struct {
	guard uintptr // bytes before and after a block
	plan  string

	mu   sync.Mutex
	live []pageBlock // in the order of their addresses
}

// A pageBlock is where a block lies: from start on, and in which pages.
type pageBlock struct {
	start uintptr
	n     int // values
	pages []byte
}

// NewPages returns a Pages. It fails if T has pointers, and the error says
// which field is the first one.
func NewPages[T any]() (*Pages[T], error) { return newPages[T]("Pages", 0) }

// NewGuardedPages returns a Pages with guard pages. It fails if T has
// pointers, and the error says which field is the first one.
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
	var zero T
	bytes := uintptr(n) * unsafe.Sizeof(zero)
	if bytes == 0 {
		return make([]T, n), nil
	}
	room := roundToPage(bytes)
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
	i, _ := a.find(uintptr(start))
	a.live = slices.Insert(a.live, i, pageBlock{uintptr(start), n, pages})
	return unsafe.Slice((*T)(start), n), nil
}

// Deallocate gives the pages of s back to the operating system.
func (a *Pages[T]) Deallocate(s []T) {
	var zero T
	if cap(s) == 0 || unsafe.Sizeof(zero) == 0 {
		return
	}
	unmapPages(a.take(s))
}

// take forgets a block and returns its pages.
func (a *Pages[T]) take(s []T) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	i, ok := a.find(uintptr(unsafe.Pointer(unsafe.SliceData(s))))
	switch {
	case !ok:
		panic(Misuse(a, SameBlock, s, "released twice, or to an allocator that did not give it"))
	case a.live[i].n != cap(s):
		panic(Misuse(a, SameBlock, s, "released with another capacity than it was handed out with"))
	}
	pages := a.live[i].pages
	a.live = slices.Delete(a.live, i, i+1)
	Reissue(pages) // the next ones at this address are others
	return pages
}

// Owns reports whether s starts inside a block that is handed out.
func (a *Pages[T]) Owns(s []T) bool {
	var zero T
	if cap(s) == 0 || unsafe.Sizeof(zero) == 0 {
		return cap(s) != 0 // blocks of no size are everybody's
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	a.mu.Lock()
	defer a.mu.Unlock()
	i, exact := a.find(start)
	if exact {
		return true
	}
	return i > 0 && start-a.live[i-1].start < uintptr(a.live[i-1].n)*unsafe.Sizeof(zero)
}

// Reset gives all pages back to the operating system.
func (a *Pages[T]) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range a.live {
		Reissue(b.pages)
		unmapPages(b.pages)
	}
	a.live = nil
}

// GoodSize returns the number of values that the pages for n have room for.
func (a *Pages[T]) GoodSize(n int) int {
	var zero T
	size := unsafe.Sizeof(zero)
	if n < 1 || size == 0 || CheckSize[T](n) != nil {
		return n
	}
	return int(roundToPage(uintptr(n)*size) / size)
}

// String returns the expression that builds the allocator.
func (a *Pages[T]) String() string { return a.plan }

// find returns where in live the block at start is, or would be. The caller
// holds the lock.
func (a *Pages[T]) find(start uintptr) (int, bool) {
	return slices.BinarySearchFunc(a.live, start, func(b pageBlock, start uintptr) int {
		return cmp.Compare(b.start, start)
	})
}

func roundToPage(bytes uintptr) uintptr { return (bytes + pageSize() - 1) &^ (pageSize() - 1) }
