package allocator

import (
	"fmt"
	"reflect"
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
// Each request and each release is a system call or two and costs microseconds,
// whatever the number of live blocks, and every page costs some when it is first
// written to. A release gives the pages back at once. Whoever uses a released block gets a
// fault that ends the program, until the pages are used for something else.
//
// Guarded Pages put a page that cannot be used before and after each block,
// which ends right before the latter: to read or write beyond the end of a
// block is a fault at that moment, and so it is less than a page before its
// start or a little more. Their blocks have no more room than was asked for; all
// others have that of whole pages.
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
	live addresses
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
	Reissue(b.pages) // the next ones at this address are others
	return b.pages
}

// Owns reports whether s starts inside a block that is handed out.
func (a *Pages[T]) Owns(s []T) bool {
	if cap(s) == 0 || unsafe.Sizeof(*new(T)) == 0 {
		return cap(s) != 0 // blocks of no size are everybody's
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

// GoodSize returns the number of values that the pages for n have room for.
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
