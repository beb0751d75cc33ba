package ops

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Associated is implemented by whatever has an allocator of its own for values
// of type T: a handler that brings the memory for its operations, or an
// [Executor] or [Reader] that has a default for handlers that bring none. A
// nil allocator counts as none.
//
// The association is typed. A handler may at once have an allocator of
// [Operation] for what the platform needs, one of byte for buffers, and one
// of some frame type for a composed operation; the type argument takes the
// place of what C++ calls rebinding.
type Associated[T any] interface {
	Allocator() allocator.Allocator[T]
}

// WithAllocator returns a handler that calls h and whose operations take their
// memory for values of type T from a. What is associated with h otherwise
// stays associated.
//
// Making the handler allocates it, so bind once a chain and keep the result.
// The allocator is used by one operation at a time as long as the handler is;
// if two chains share an allocator that is not safe for several goroutines,
// wrap it in combinators.ThreadSafe.
func WithAllocator[T any](h Handler, a allocator.Allocator[T]) Handler {
	mustHandler(h)
	if a == nil {
		panic("ops: WithAllocator: nil Allocator")
	}
	return &bound[T]{handler: h, alloc: a, plain: traitsOf(h)&^hasAllocator == 0}
}

// AllocatorOf returns the allocator of T associated with h, or def if there is
// none. A handler is asked before the one that it wraps, so the outermost
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
