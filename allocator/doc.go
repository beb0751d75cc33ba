// Package allocator defines what an allocator is, and has the allocators that all
// others are built on.
//
// An [Allocator] of T hands out storage for values of T and takes it back. The
// interface has only two methods, so almost anything can be an allocator: a slot
// inside a session struct, a region that is dropped as a whole, a debugging layer over
// either. Package combinators builds allocators from other allocators. This package
// has the interface, the optional capabilities, the errors, and the allocators that
// need no parent:
//
//	Heap    the Go heap
//	Pages   pages of the operating system, outside the Go heap
//	Null    always exhausted
//
// # The rules
//
// Every allocator of this module keeps these rules. Package proptest checks them.
//
//   - Allocate(n) returns a slice with len == n and a capacity of n or more, or nil
//     and an error. The capacity is the room that the block has, so append grows the
//     slice in place until it is full. A block of one value has a capacity of one,
//     because it is used through a pointer, which has no capacity ([New]).
//   - Allocate(0) returns an empty slice and takes no storage. Deallocating an empty
//     slice does nothing.
//   - Allocate(n) with n < 0 returns [ErrSize].
//   - A failed request returns an error and allocates nothing: [ErrExhausted] when the
//     same request might succeed later, [ErrTooLarge] when it never can.
//   - Deallocate takes a slice that starts where the block starts and has the capacity
//     that the block was handed out with. Its length does not matter.
//   - The contents of a fresh block are unspecified, with one exception: storage for a
//     T with pointers never contains stale pointers, up to its capacity. It is cleared
//     when it is released, so memory kept for reuse keeps nothing else alive.
//   - A block stays valid when the program has dropped the allocator and the garbage
//     collector has collected it. So an allocator must not give storage back in a finalizer
//     or a cleanup. (Package proptest does not check this rule.)
//   - Misuse, such as releasing a block twice, is a bug in the caller and not an error
//     value. An allocator panics with a [*MisuseError] where it can detect the misuse
//     at no cost.
//   - Whatever a program releases, an allocator never hands out a slice that reaches
//     beyond its storage. It never hands out the same storage to two owners either,
//     unless a caller misled it: by releasing a block both as a whole and in part, or
//     to the wrong allocator. (combinators.Checked and the race detector find that
//     too.)
//   - One goroutine at a time may use an allocator, unless its type says otherwise.
//
// # Growing
//
// When a slice has no room left, Go's append moves it to the Go heap. The result is
// not a block of the allocator any more, and the original block is easily lost. Use
// [Append], [Grow] and [Clone] instead of append, slices.Grow and slices.Clone. They
// stay in the block while there is room. When there is none, they take a larger block
// from the allocator and release the old one.
//
// # Writing your own
//
// Implement the two methods and keep the rules above. Start each Allocate with
// [CheckSize]. If you keep released storage for reuse, clear it first when T has
// pointers; ask [HasPointers] once, in the constructor. Call [Retire] and [Reissue],
// so that the race detector sees the life of a block. Report misuse with [Misuse].
// Implement [Owner], [Resizer], [Resetter], [Trimmer] or [Sizer] if they fit, and
// [Conditional] if they depend on a parent.
//
// Then let package proptest try it. Conform runs random programs on it, above and
// below other allocators, and compares it with a model. FaultSweep makes each request
// to its parent fail in turn. Laws checks compositions that must behave alike:
//
//	func TestRing(t *testing.T)         { proptest.Conform(t, newRing[*int]) }
//	func TestRingSurvives(t *testing.T) { proptest.FaultSweep(t, newRing[*int]) }
//	func TestRingLaws(t *testing.T)     { proptest.Laws(t, newRing[*int]) }
//
// # Finalizers, cleanups and weak pointers
//
// To the Go runtime, an object is alive as long as something can reach it. An
// allocator that keeps a released block can still reach it, and later hands it to a
// new owner. So do not tie anything to the lifetime of the object that a block is:
//
//   - Calling runtime.SetFinalizer on a block that still has a finalizer from an
//     earlier owner ends the program. Clear the finalizer before the release, with
//     SetFinalizer(p, nil).
//   - A cleanup of runtime.AddCleanup does not run when the block is released. It runs
//     when the storage is collected: after many owners, or never. Keep the
//     runtime.Cleanup and call its Stop before the release.
//   - A weak.Pointer to a block returns the next owner's value. Hand out a key that
//     stops working once its value is gone instead: combinators.Handles.
//
// # Why slices?
//
// A slice carries the start, the length and the capacity of a block in one value of a
// type that Go code already uses. Its capacity is the true size of the block, so
// append can use all of it, and Deallocate need not be told the size. The element type
// is known, so the garbage collector finds the pointers in the block, and its
// alignment needs no argument. For a single value there are [New] and [Delete].
//
// # Why does a block keep its capacity?
//
// Otherwise ordinary Go code could corrupt memory. Suppose that a block has the
// capacity that was asked for, and append moves the slice to the Go heap, where it
// gets a capacity of its own. An allocator that derives the size of a block from
// the released slice then takes it for a larger block than it is. Since a block goes
// back with the capacity that it was handed out with, an allocator can refuse such a
// slice.
//
// # Why an interface, and not a type parameter for the parent?
//
// In Go 1.26 a call through a type parameter is compiled to an indirect call through a
// dictionary, and is not inlined. So it saves little over a call through an interface,
// and the types of a composition become long. Not calling the parent at all saves
// more. The types of package combinators call it only when they cannot serve a request
// themselves; BenchmarkSingleSlot there shows such a hit, called directly and through
// the interface.
//
// # Why not the arenas of the Go runtime?
//
// Package arena needs GOEXPERIMENT=arenas, and the proposal for it
// (golang.org/issue/51317) is on hold because of concerns about its interface. The
// types here need no experiment. combinators.Arena and combinators.Scope free many
// values at once, in memory that the garbage collector knows; their Reset leaves the
// storage to the collector, so it is always safe.
//
// # Where it comes from
//
// The design follows the allocator building blocks of D's std.experimental.allocator
// (composition from small parts), Zig's std.heap (failure as a value) and Asio's
// "proto-allocator" (one allocator that serves whatever type an operation turns out to
// need; here, one association for each type argument).
package allocator
