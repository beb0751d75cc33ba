// Package combinators makes allocators out of allocators.
//
// Each type does one thing and leaves the rest to its parent, which comes
// first in its constructor. So an allocator is an expression, and it prints as
// one:
//
//	ThreadSafe(Recycling(Stats(Heap[byte]), 1048576))
//
// is a mutex around a cache of at most a megabyte of released buffers, and
// counts what the cache misses.
//
// # Choosing
//
//	you want                                              use
//	one block that a chain of operations passes along     SingleSlot
//	a few blocks at once in one session                   Slots
//	several blocks, or several sizes, used again          Recycling
//	blocks kept for many goroutines until a collection    Pool
//	a hard bound on the number of live values             Slab
//	sizes of all kinds under one hard bound               Buddy
//	keys that miss once their value is removed            Handles
//	values kept with what was constructed in them         Objects
//	that, for many goroutines, as sync.Pool is used       ShardedObjects
//	one buffer that is written to many connections        Shared
//	the first message to allocate nothing either          Preheat
//	all of it released at once, with a hard bound         Region
//	all of it released at once, without a bound           Arena
//	that, for values of many types                        Scope
//	whatever is left released at the end of some work     Scoped
//	one allocator, and another when that is exhausted     Fallback
//	small and large requests treated differently          Segregator
//	an allocator for each of a row of sizes               Buckets
//	more of a bounded allocator when it is exhausted      Cascade
//	an allocator that several goroutines share            ThreadSafe
//	that, with little waiting for each other              Sharded
//	a budget in values or bytes                           Limit
//	one budget for several types, and to wait for room    Budget, Budgeted
//	fewer sizes, and room to grow in place                Quantizer
//	blocks on cache lines or pages of their own           Aligned
//	fresh blocks that are zero                            Zeroed
//	to know what is allocated, and how much at once       Stats
//	to see who holds how much, in go tool pprof           Profiled
//	to see each call in an execution trace or a log       Trace
//	to find misuse, use after release, and leaks          Checked
//	to find writes beyond a block                         Guarded
//	to test what happens when a request fails             Failing
//
// The order matters. A block calls its parent only for what it cannot do
// itself, so the innermost layers run least: Stats outside a Recycling counts
// requests, inside it counts misses. ThreadSafe belongs outermost, where one
// lock covers everything below.
//
// Whoever has the outermost block finds the others by [allocator.Composite], as
// package platform/inspect does to draw them with what each Stats has counted. A
// [Cascade], whose parents come and go, shows none.
//
// # What they promise
//
// All of them keep the rules of package allocator: a block has the capacity that
// it was given, and goes back with it, and no misuse makes one hand out storage that
// it does not have. Besides, a steady state allocates nothing on the Go heap; and a combinator that
// keeps storage never is the reason why a request to it fails, because it gives that
// storage back first. (Several over one parent that is bounded do not know of each
// other.) A [Pool] keeps the last two of these only as far as sync.Pool lets it. Values
// of no size take no storage, so the capacity of a [Slab], a [Region] or a
// [Buddy] does not bound them.
//
// A type that passes a capability on has its method whether or not its parent
// can. Ask with [allocator.AsOwner] and [allocator.AsResetter], which tell the
// truth; the other capabilities are harmless without a parent that has them.
// Resize then reports false, Trim does nothing, and GoodSize returns n. A
// composition that cannot work, such as a [Fallback] from an allocator that
// cannot tell what it owns, panics when it is built.
//
// Constructors panic if the parent is nil.
package combinators
