// Package allocator says what an allocator is and holds the sources that
// memory comes from.
//
// An [Allocator] of T obtains storage for values of T and takes it back. The
// interface has two methods, so that anything can be one: a slot inside a
// session struct, a region that is dropped as a whole, a debugging layer over
// either. The blocks that combine allocators are in package combinators; this
// package has the interface, the optional capabilities, the errors, and the
// allocators that stand on nothing else:
//
//	Heap    the Go heap
//	Pages   pages of the operating system, outside of the Go heap
//	Null    always exhausted
//
// # The rules
//
// They hold for every allocator of this module, and proptest checks them.
//
//   - Allocate(n) returns a slice with len == n and a capacity of n or more, or
//     an error and nil. The capacity is what the block has room for, so append
//     grows a block in place up to there. A block of one value has a capacity of
//     one, because it is used through a pointer, which has none ([New]).
//   - Allocate(0) returns an empty slice and takes no storage; deallocating an
//     empty slice does nothing.
//   - Allocate(n) with n < 0 returns [ErrSize].
//   - Failure is a value and costs no allocation: [ErrExhausted] when the
//     request might succeed later, [ErrTooLarge] when it never can.
//   - Deallocate takes a slice that starts where the block starts and has the
//     capacity that it was handed out with; its length does not matter.
//   - The contents of a fresh block are unspecified, except that storage for a
//     T with pointers holds none that are stale, up to its capacity: it is
//     cleared when it is released, so memory that is kept for reuse keeps
//     nothing else alive.
//   - Misuse, such as releasing a block twice, is a bug of the caller and not
//     an error value: an allocator panics with a [*MisuseError] where it can
//     see the misuse at no cost.
//   - Whatever is released, an allocator never hands out a slice that reaches
//     beyond its storage. And it never hands storage out to two owners, unless it
//     was misled about who has it: by a block that was released twice, as a whole
//     and in part, or to an allocator that it is not from. (What sees that, too, is
//     combinators.Checked and the race detector.)
//   - One goroutine at a time, unless the type says otherwise.
//
// # Growing
//
// Go's append moves a slice that has no room left to the Go heap. What it returns
// then is no block of the allocator, and the block that it was is lost to it.
// [Append], [Grow] and [Clone] are what append, slices.Grow and slices.Clone are
// to the Go heap: they stay in the block while there is room, and otherwise take
// a larger one from the allocator and release the old one.
//
// # Finalizers, cleanups and weak pointers
//
// To the runtime an object lives until nobody can reach it. A block that an
// allocator keeps is reached by the allocator, and then lives on as somebody
// else's. So what is tied to the life of an object does not fit a block:
//
//   - runtime.SetFinalizer on a block that has a finalizer already, from an
//     earlier owner, ends the program. Clear it before the release, with
//     SetFinalizer(p, nil).
//   - A cleanup of runtime.AddCleanup does not run at the release, but when the
//     storage is collected, which may be after many owners or never. Keep the
//     runtime.Cleanup and call its Stop before the release.
//   - A weak.Pointer to a block returns the next owner's value. Hand out a key
//     instead that misses once its value is gone: combinators.Handles.
//
// The design follows the allocator building blocks of D's
// std.experimental.allocator (composition from small parts), Zig's std.heap
// (failure as a value) and the "proto-allocator" of Asio (one allocator that
// serves whatever type an operation turns out to need; here, one type
// argument an association).
package allocator
