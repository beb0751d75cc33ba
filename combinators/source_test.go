package combinators_test

import (
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// source is a parent that judges how its child uses it: what comes back has to
// be what it gave, in the same size. It has no capabilities.
type source[T any] struct {
	t     reporter
	limit int // values it can have handed out at once, if not 0
	extra int // quarters of what was asked for that its blocks have room for besides
	live  map[*T]int
	count int // values in live
	asked []int
	freed []int
}

// reporter is the part of a test that a source needs; rapid's has it too.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

func newSource[T any](t reporter) *source[T] {
	return &source[T]{t: t, live: map[*T]int{}}
}

func (a *source[T]) Allocate(n int) ([]T, error) {
	a.asked = append(a.asked, n)
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	size := n
	if n != 1 && n < 1<<20 {
		size += n * a.extra / 4
	}
	if a.limit != 0 && size > a.limit {
		return nil, allocator.ErrTooLarge
	}
	if a.limit != 0 && a.count+size > a.limit {
		return nil, allocator.ErrExhausted
	}
	s := make([]T, n, size)
	a.live[unsafe.SliceData(s)] = size
	a.count += size
	return s, nil
}

func (a *source[T]) Deallocate(s []T) {
	a.t.Helper()
	a.freed = append(a.freed, cap(s))
	n, ok := a.live[unsafe.SliceData(s)]
	if !ok || n != cap(s) {
		a.t.Errorf("the parent got back %d values at %p; it gave %d there", cap(s), s, n)
		return
	}
	delete(a.live, unsafe.SliceData(s))
	a.count -= n
}

func (a *source[T]) String() string { return "source" }

// capableSource is a source with all capabilities.
type capableSource[T any] struct {
	*source[T]
	trims int
}

func newCapableSource[T any](t reporter) *capableSource[T] {
	return &capableSource[T]{source: newSource[T](t)}
}

func (a *capableSource[T]) Owns(s []T) bool {
	_, ok := a.live[unsafe.SliceData(s)]
	return ok && cap(s) != 0
}

func (a *capableSource[T]) Resize(s []T, n int) ([]T, bool) {
	if cap(s) == 0 || n < 1 || n > cap(s) {
		return nil, false
	}
	a.live[unsafe.SliceData(s)] = n
	a.count += n - cap(s)
	return s[:n:n], true
}

func (a *capableSource[T]) Reset() {
	clear(a.live)
	a.count = 0
}

func (a *capableSource[T]) Trim()              { a.trims++ }
func (a *capableSource[T]) GoodSize(n int) int { return max(n, 2) }

// take allocates and fails the test if that fails.
func take[T any](t testing.TB, a allocator.Allocator[T], n int) []T {
	t.Helper()
	s, err := a.Allocate(n)
	if err != nil {
		t.Fatalf("%v: Allocate(%d): %v", a, n, err)
	}
	if len(s) != n || cap(s) < n || n == 1 && cap(s) != 1 {
		t.Fatalf("%v: Allocate(%d) has len %d and cap %d", a, n, len(s), cap(s))
	}
	return s
}

// same reports whether two blocks start at the same place.
func same[T any](a, b []T) bool { return unsafe.SliceData(a) == unsafe.SliceData(b) }

// misuse returns the MisuseError that f panics with, or nil.
func misuse(f func()) (e *allocator.MisuseError) {
	defer func() {
		if r := recover(); r != nil {
			e = r.(*allocator.MisuseError)
		}
	}()
	f()
	return nil
}
