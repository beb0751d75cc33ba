package ops

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Associated is implemented by anything that has its own allocator for values of
// type T: a handler that brings the memory for its operations, or an [Executor]
// or [Reader] with a default for handlers that bring none.
//
// The association is typed. One handler may have an allocator of [Operation] for
// the platform, one of byte for buffers, and one of a [Frame] for a composed
// operation. The type argument does what C++ calls rebinding.
type Associated[T any] interface {
	// Allocator returns the allocator; nil counts as none.
	Allocator() allocator.Allocator[T]
}

// WithAllocator returns a handler that calls h and whose operations take their
// memory for values of type T from a. Whatever else is associated with h stays
// associated.
//
// Making the handler allocates, so bind once for each chain and keep the result.
// If only one operation at a time uses the handler, calls to the allocator do not
// overlap. If several chains share an allocator that is not safe for concurrent use,
// wrap it in combinators.ThreadSafe.
func WithAllocator[T any](h Handler, a allocator.Allocator[T]) Handler {
	mustHandler(h)
	if a == nil {
		panic("ops: WithAllocator: nil Allocator")
	}
	return &bound[T]{handler: h, alloc: a, plain: traitsOf(h)&^hasAllocator == 0}
}

// AllocatorOf returns the allocator of T associated with h, or def if there is
// none. A wrapper is asked before the handler inside, so the outermost
// association wins.
func AllocatorOf[T any](h Handler, def allocator.Allocator[T]) allocator.Allocator[T] {
	for ; h != nil; h = unwrap(h) {
		if x, ok := h.(Associated[T]); ok {
			if a := x.Allocator(); a != nil {
				return a
			}
		}
	}
	return def
}

// bound is a handler with an allocator.
type bound[T any] struct {
	handler Handler
	alloc   allocator.Allocator[T]
	plain   bool // nothing else that an operation asks for is associated with it
}

func (b *bound[T]) Complete(n int, err error)         { b.handler.Complete(n, err) }
func (b *bound[T]) Unwrap() Handler                   { return b.handler }
func (b *bound[T]) Allocator() allocator.Allocator[T] { return b.alloc }

func (b *bound[T]) String() string {
	return fmt.Sprintf("WithAllocator(%T, %s)", b.handler, allocator.Describe(b.alloc))
}
