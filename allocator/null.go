package allocator

import "reflect"

// Null has no storage: every request for storage fails with [ErrExhausted].
//
// Use it as the parent of a composition that must not go beyond its own
// storage. The error is not [ErrTooLarge], because a layer above with storage
// of its own may be able to serve the request once some of that is released.
// Null costs nothing. Deallocating a block that is not empty panics, because
// Null never handed one out. The zero value is ready, and any number of
// goroutines may use it.
type Null[T any] struct{}

// Allocate returns ErrExhausted unless n is 0.
func (Null[T]) Allocate(n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := CheckSize[T](n); err != nil {
		return nil, err
	}
	return nil, ErrExhausted
}

// Deallocate panics unless s is empty.
func (a Null[T]) Deallocate(s []T) {
	if cap(s) != 0 {
		panic(Misuse(a, s, "released to an allocator that gives no blocks"))
	}
}

// Owns returns false.
func (Null[T]) Owns([]T) bool { return false }

// Reset does nothing, because there are no blocks to release.
func (Null[T]) Reset() {}

// String returns the expression that builds the allocator.
func (Null[T]) String() string { return "Null[" + reflect.TypeFor[T]().String() + "]" }
