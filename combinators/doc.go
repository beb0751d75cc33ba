// Package combinators makes allocators out of allocators.
//
// Each type does one thing and leaves the rest to its parent, which comes
// first in its constructor. So an allocator is an expression, and it prints as
// one:
//
//	ThreadSafe(Recycling(Stats(Heap[byte]), 1048576))
//
// is a mutex round a cache of at most a megabyte of released buffers, and
// counts what the cache misses.
//
// # Choosing
//
//	you want                                              use
//	one block that a chain of operations passes along     SingleSlot
//	several blocks, or several sizes, used again          Recycling
//	an allocator that several goroutines share            ThreadSafe
//	to know what is allocated, and how much at once       Stats
//
// The order matters. A block calls its parent only for what it cannot do
// itself, so the innermost layers run least: Stats outside a Recycling counts
// requests, inside it counts misses. ThreadSafe belongs outermost, where one
// lock covers everything below.
//
// # What they promise
//
// All of them keep the rules of package allocator. Besides, a steady state
// allocates nothing on the Go heap; storage goes back to the parent in the
// size in which the parent gave it; and a block that keeps storage never is
// the reason why a request fails, because it gives that storage back first.
//
// A type that passes a capability on has its method whether or not its parent
// can. Ask with [allocator.AsOwner] and [allocator.AsResetter], which tell the
// truth; the other capabilities are harmless without a parent that has them.
// Resize then reports false, Trim does nothing, and GoodSize returns n.
//
// Constructors panic if the parent is nil.
package combinators
