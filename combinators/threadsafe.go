package combinators

import (
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
)

// ThreadSafe makes an allocator safe for use by several goroutines: it is a
// mutex around its parent.
//
// Use it for an allocator that several chains share, as the outermost layer, so
// that one lock covers all layers below.
//
// Each call costs a Lock and an Unlock, and waiting while another goroutine has
// the lock. It keeps no storage itself.
//
// It is exhausted when its parent is.
//
// Any number of goroutines may use it. None of them may use the parent
// directly.
type ThreadSafe[T any] struct {
	mu     sync.Mutex
	parent allocator.Allocator[T]
	can    capabilities[T]
}

// NewThreadSafe returns a ThreadSafe around parent.
func NewThreadSafe[T any](parent allocator.Allocator[T]) *ThreadSafe[T] {
	return &ThreadSafe[T]{parent: parent, can: capabilitiesOf(parent, "NewThreadSafe")}
}

// Allocate asks the parent for n values.
func (a *ThreadSafe[T]) Allocate(n int) ([]T, error) {
	a.mu.Lock()
	defer a.mu.Unlock() // the parent may panic
	return a.parent.Allocate(n)
}

// Deallocate gives s back to the parent.
func (a *ThreadSafe[T]) Deallocate(s []T) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parent.Deallocate(s)
}

// Locked calls f with the parent, to inspect it while nothing else uses it. f
// must not use the ThreadSafe itself.
func (a *ThreadSafe[T]) Locked(f func(parent allocator.Allocator[T])) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a.parent)
}

// Owns reports whether the parent owns s.
func (a *ThreadSafe[T]) Owns(s []T) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.can.owns(s)
}

// Resize resizes s in place if the parent can.
func (a *ThreadSafe[T]) Resize(s []T, n int) ([]T, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.can.resize(s, n)
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *ThreadSafe[T]) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.can.reset()
}

// Trim trims the parent.
func (a *ThreadSafe[T]) Trim() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.can.trim()
}

// GoodSize returns the parent's answer, and n if it has none.
func (a *ThreadSafe[T]) GoodSize(n int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.can.goodSize(n)
}

// Capable reports what the parent is capable of.
func (a *ThreadSafe[T]) Capable(c allocator.Capability) bool {
	return a.can.capable(c) || c == allocator.CanZero && a.can.zeroes
}

// Parents implements [allocator.Composite].
func (a *ThreadSafe[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds the allocator.
func (a *ThreadSafe[T]) String() string { return "ThreadSafe(" + allocator.Describe(a.parent) + ")" }
