// Package combinators makes allocators out of allocators.
//
// Each type does one thing and leaves the rest to its parent, which comes first
// in its constructor. So an allocator is an expression, and it prints as one:
//
//	ThreadSafe(Recycling(Stats(Heap[byte]), 1048576))
//
// This is a mutex around a cache of released buffers, of at most a megabyte,
// with a counter of what the cache misses.
//
// # Choosing an allocator
//
// Start with the life of the blocks. If one block at a time is alive, as in a
// chain of operations, use a [SingleSlot]: it is the simplest, and a field of a
// session struct. If a few are alive, use [Slots]. If many come and go in any
// order, use [Recycling], or [Slab] if their number must have a hard bound. If all
// of them are released together, use a [Region], an [Arena] or a [Scope].
//
// Then ask who shares it. An allocator for one goroutine, or for one chain,
// needs no lock. If several goroutines share it, put [ThreadSafe] around it, or
// use [Sharded] or [Pool], which are made for that.
//
// Last, add limits and observers: [Limit] or [Budget] to bound memory, [Stats] to
// see whether the cache is large enough, [Checked] in tests.
//
//	you want                                                use
//	one block that a chain of operations passes along       SingleSlot
//	a few blocks at once in one session                     Slots
//	several blocks, or several sizes, used again            Recycling
//	blocks kept for many goroutines until a collection      Pool
//	a hard bound on the number of live values               Slab
//	many different sizes under one hard bound               Buddy
//	keys that find nothing once their value is removed      Handles
//	values kept with everything constructed in them         Objects
//	the same, for many goroutines                           ShardedObjects
//	one buffer that is written to many connections          Shared
//	a first message that allocates no more than later ones  Preheat
//	everything released at once, with a hard bound          Region
//	everything released at once, without a bound            Arena
//	the same, for values of many types                      Scope
//	whatever is left released when some work ends           Scoped
//	one allocator, and another when it is exhausted         Fallback
//	different allocators for small and large requests       Segregator
//	an allocator for each of a series of sizes              Buckets
//	another bounded allocator whenever all are exhausted    Cascade
//	an allocator that several goroutines share              ThreadSafe
//	the same, with little contention                        Sharded
//	a limit in values or bytes                              Limit
//	one limit for several types, and a way to wait          Budget, Budgeted
//	fewer sizes, and room to grow in place                  Quantizer
//	blocks on cache lines or pages of their own             Aligned
//	fresh blocks that are zero                              Zeroed
//	counts of what is allocated: now, at most, in all       Stats
//	who holds how much, in go tool pprof                    Profiled
//	each call in an execution trace or a log                Trace
//	misuse, use after release and leaks found               Checked
//	writes beyond a block found                             Guarded
//	requests that fail, in a test                           Failing
//
// The order of the layers matters. A layer calls its parent only for what it
// cannot do itself, so the innermost layers run least often. Stats around a
// Recycling counts requests; below it, Stats counts misses. ThreadSafe belongs
// outermost, where one lock covers everything below.
//
// From the outermost layer, [allocator.Composite] leads to all the others. Package
// platform/inspect uses it to draw a composition, with the counts of each Stats. A
// [Cascade], whose parents come and go, shows none of them.
//
// # What they promise
//
// All of them keep the rules of package allocator. A block goes back with the
// capacity that it was handed out with, and no misuse makes an allocator hand
// out storage that it does not have. They also promise:
//
//   - In a steady state they allocate nothing on the Go heap.
//   - A combinator that keeps storage is never the reason why a request to it
//     fails: it gives that storage back first. (Several combinators over one
//     bounded parent do not know of each other.)
//
// A Pool keeps these two promises only as far as sync.Pool allows. Zero-size values take no
// storage, so the capacity of a Slab, a Region or a Buddy does not bound them.
//
// A type that passes a capability on has its method whether or not its parent has the
// capability. Ask with [allocator.AsOwner] and [allocator.AsResetter], which tell the
// truth. The other capabilities are harmless without a parent that has them: Resize then
// reports false, Trim does nothing, and GoodSize returns n. Building a composition that
// cannot work panics: for example, a [Fallback] from an allocator that cannot tell what it
// owns.
//
// Constructors panic if the parent is nil.
//
// # Coming from sync.Pool
//
// A sync.Pool is used for two things: values that are expensive to construct,
// and storage. Here they are two kinds of types.
//
//	there                                 here
//	pool := sync.Pool{New: f}             combinators.NewShardedObjects(f, limit)
//	  in one goroutine                    combinators.NewObjects(f, limit)
//	pool.Get().(*T)                       combinators.ShardedObjects.Get, without an assertion
//	pool.Put(v)                           combinators.ShardedObjects.Put
//	v.Reset() before Put                  combinators.ShardedObjects.OnPut
//	a check for size before Put           combinators.ShardedObjects.OnPut returns false
//	Close of dropped values: impossible   combinators.ShardedObjects.OnDrop
//	a pool of buffers                     combinators.NewSharded(allocator.Heap[byte]{}, limit)
//	  that the collector may empty        combinators.NewPool(allocator.Heap[byte]{})
//	Put(&buf), a pointer to a slice       combinators.Sharded.Deallocate(buf)
//	a pool for each size                  one combinators.Sharded, which has size classes
//	emptied by the garbage collector      combinators.Sharded.Trim, called by the program
//	a pool of *bytes.Buffer that grow     allocator.Append, in blocks of any allocator
//	unknown hit rate                      combinators.NewStats, below the cache
//
// What changes: the number of values that are kept has a limit, a garbage collection takes
// none of them, and storage for a type with pointers is cleared when it is released.
// BenchmarkSharded, BenchmarkPool and BenchmarkObjects compare with sync.Pool.
//
// # Why does an allocator keep storage, when Go has a garbage collector?
//
// Allocating and collecting cost processor time, and the more garbage there is,
// the more often the collector runs. Storage that is used again needs neither.
// And a bound on live memory can only be kept by something that knows when memory
// is released, which the collector finds out late. Where neither matters,
// allocator.Heap is the right allocator.
//
// # Why is storage with pointers cleared on release, and not on allocation?
//
// A released block that still contains pointers keeps everything alive that they
// point to, for as long as the allocator keeps the block. Cleared at once, it
// keeps only itself. Storage without pointers is not cleared; Zeroed does that
// where a program wants it.
//
// # Why does Arena have both Reset and Reuse?
//
// In Go, a pointer into an arena may still exist when the arena is reset. Reset drops the
// chunks, so such a pointer keeps seeing the old values, and the collector frees the chunk
// when the last pointer is gone. That is always safe, but chunks are allocated anew. Reuse
// hands the same storage out again, which costs nothing but makes an old pointer see a new
// owner's values. The name says which one a program has chosen.
package combinators
