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
//   - Allocate(n) returns a slice with len == cap == n, or an error and nil.
//   - Allocate(0) returns an empty slice and takes no storage; deallocating an
//     empty slice does nothing.
//   - Allocate(n) with n < 0 returns [ErrSize].
//   - Failure is a value and costs no allocation: [ErrExhausted] when the
//     request might succeed later, [ErrTooLarge] when it never can.
//   - Deallocate takes a slice that starts where the block starts and has the
//     block's capacity; its length does not matter.
//   - The contents of a fresh block are unspecified, except that storage for a
//     T with pointers holds none that are stale: it is cleared when it is
//     released, so memory that is kept for reuse keeps nothing else alive.
//   - Misuse, such as releasing a block twice, is a bug of the caller and not
//     an error value: an allocator panics with a [*MisuseError] where it can
//     see the misuse at no cost.
//   - One goroutine at a time, unless the type says otherwise.
//
// The design follows the allocator building blocks of D's
// std.experimental.allocator (composition from small parts), Zig's std.heap
// (failure as a value) and the "proto-allocator" of Asio (one allocator that
// serves whatever type an operation turns out to need; here, one type
// argument an association).
package allocator
