// Package ops defines asynchronous operations: their handlers, where their memory
// comes from, how they begin and end, and what can be built from several of them.
//
// A program starts an operation with a [Handler]. The operation ends later, and
// then calls the handler. This package does no input or output; it is to
// package platform what io is to net. [Reader], [Writer] and [Executor] are what
// operations need from a platform. [ReadFull], [WriteFull] and [Post] work on
// anything that implements them.
//
// Servers are built from a few larger pieces. [BufferedReader] reads lines and
// headers. [BufferedWriter] and [WriteQueue] are for a stream that several
// handlers write to. [Copier] and [Pipe] are for proxies. A [Batch] is several
// operations that end together. A stream on top of another, such as TLS, is a
// [Layer].
//
// # Chains
//
// While an operation is outstanding it needs an object for its state, an
// [Operation]. Programs start operations in chains: the handler of a read starts
// a write, and the handler of the write starts the next read. In a chain only one
// operation is outstanding at a time. So one block of memory can serve the whole
// chain, provided that the program decides where the memory comes from, and
// knows when it is free again. This package provides both:
//
//   - A handler may carry an allocator. [WithAllocator] binds one to any
//     handler. A handler type can also have a method Allocator; see [Associated].
//   - An operation takes its memory from the allocator associated with its
//     handler, and releases it before it calls the handler.
//
// # Why is the memory released before the handler is called?
//
// The handler starts the next operation of the chain, and that operation needs a
// block. If the block of the last one were released after the call, every chain
// would need two. Because it is released before, the same block is free when the
// next operation asks for it:
//
//	read ends    its results are copied out of the block
//	             the block is released
//	             the handler is called with the results
//	                  it starts a write, which allocates: the same block
//
// This holds on every path: success, error, end of file, cancellation, timeout,
// a hop to a strand. The number of blocks that are alive at once is therefore
// known. An operation, a post, and a composed operation of this package have
// one each. A hop to a strand adds none. An operation made with [Compose] has its
// frame in addition. These promises are among the twelve clauses of the contract,
// which package proptest/contract lists as contract.Clause.
//
// # Handlers that allocate nothing
//
// A handler is kept while its operation is outstanding. So making a closure or a
// method value for each operation allocates for each operation. Converting a pointer
// to the session to a handler type of the same structure costs nothing:
//
//	type session struct {
//		conn platform.Conn
//		slot combinators.SingleSlot[ops.Operation]
//		buf  [4096]byte
//	}
//
//	type onRead session
//
//	func (s *onRead) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }
//
//	func (s *onRead) Complete(n int, err error) {
//		if err == nil {
//			ops.WriteFull(&s.conn, s.buf[:n], (*onWritten)(s))
//		}
//	}
//
// [WithAllocator], [WithTimeout] and the other With functions allocate too. Call
// them once, when the chain begins, and keep the handler.
//
// # Coroutines
//
// A chain that is more than a loop of a few steps, such as a handshake or a
// dialogue, reads better as a function. [Spawn] runs one as a coroutine, whose
// methods seem to block. Memory, cancellation and closing the proactor work as they
// do for a chain of handlers, and here too an operation allocates nothing.
//
// A coroutine costs a stack, which a chain of handlers does not keep while it
// waits: about 3.3 KB in all, roughly as much as a goroutine that reads with
// package net (BenchmarkParked of package platform). A switch takes about 80 ns,
// and an operation needs two (BenchmarkYield). So use handlers for large
// numbers of mostly idle sessions, and for chains of a few steps. Use coroutines for
// the rest. The two mix: a coroutine is the handler of the operations that it starts,
// and any handler may spawn one.
//
// # Testing your own
//
// Package proptest/chains tests a handler, a wrapper or a composed operation in
// random chains, with cancellation, timeouts, failing allocators and several
// goroutines. chains.Wrapping puts a wrapper around every handler, chains.Register
// adds an operation, and chains.RegisterComposed one that [Compose] makes. A failure
// names the clause of the contract that was broken and draws the chains as a timeline.
//
// # Why is the allocator associated with the handler, and not ambient?
//
// An allocator that a package variable, a goroutine or a context provides would
// depend on where code happens to run. Handlers run on whatever goroutine runs
// the proactor, and an operation that was started on one may end on another. The
// handler is the one thing that stays with an operation from its beginning to its
// end, through every composed operation in between. So the handler says where the
// memory comes from. This way two chains on the same goroutine can use two
// allocators, and neither has to restore anything afterwards.
//
// # Why are associations typed?
//
// A chain may need memory for its operations, for its buffers and for the frame
// of a composed operation. The type argument keeps these apart: one handler can
// carry an allocator of Operation, one of byte and one of a frame at the same
// time, and the garbage collector knows what each block contains.
//
// # Why is a failing allocator reported to the handler?
//
// If an allocator fails, nothing has been started, and the handler is called
// once, later, with an error that wraps allocator.ErrExhausted. So a chain has one
// place that deals with errors. And an error in the middle of a composed operation
// cannot get lost, although the function that started it has returned long ago.
//
// # Where it comes from
//
// The contract is that of Asio's custom memory allocation, in
// doc/overview/allocation.qbk and doc/requirements/asynchronous_operations.qbk
// of Asio 1.38. It differs where Asio has caused its users trouble: the allocator is
// looked up once and kept, a strand needs no second block, and no handler is lost
// when an allocator fails.
package ops
