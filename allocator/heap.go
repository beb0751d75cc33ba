package allocator

import (
	"reflect"
	"unsafe"
)

// Heap allocates on the Go heap.
//
// Use it as the last parent of a composition. Allocate costs what make costs;
// Deallocate clears storage for a T with pointers and leaves the rest to the
// garbage collector.
//
// On Unix, for a request of 1 GiB or more, it first asks the operating system
// whether it would provide that much now, and is exhausted if the answer is no. If
// memory runs out later, for a smaller request or on another system, the program
// ends, as it does with make.
//
// The zero value is ready, and any number of goroutines may use it.
type Heap[T any] struct{}

// askAbove is the size in bytes from which Heap asks the operating system whether
// it would provide that much memory, because the Go runtime would end the program.
const askAbove = 1 << 30

// Allocate returns n zeroed values.
func (Heap[T]) Allocate(n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := CheckSize[T](n); err != nil {
		return nil, err
	}
	if size := uintptr(n) * unsafe.Sizeof(*new(T)); size >= askAbove && !obtainable(size) {
		return nil, ErrExhausted
	}
	return make([]T, n), nil
}

// Deallocate clears s if T has pointers.
func (Heap[T]) Deallocate(s []T) {
	if HasPointers[T]() {
		clear(s[:cap(s)])
	}
}

// Capable reports whether c is [CanZero], because its blocks are zero.
func (Heap[T]) Capable(c Capability) bool { return c == CanZero }

// String returns the expression that builds the allocator.
func (Heap[T]) String() string { return "Heap[" + reflect.TypeFor[T]().String() + "]" }
