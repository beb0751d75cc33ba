// Package ops has the asynchronous operation: its handler, where its memory
// comes from, how it begins and ends, and what can be built from several
// operations.
//
// A program starts an operation with a [Handler]. The operation ends later, and
// then calls the handler. This package does no input and output; it is to
// package platform what io is to net. [Reader], [Writer] and [Executor] are what
// operations need of a platform. [ReadFull], [WriteFull] and [Post] work on
// anything that implements them.
//
// Servers are built from a few larger pieces. [BufferedReader] reads lines and
// headers. [BufferedWriter] and [WriteQueue] are for a stream that several
// handlers write to. [Copier] and [Pipe] make a proxy. [Batch] is several
// operations that end together. A stream on top of another, as TLS is, is a
// [Layer].
//
// # Chains
//
// While an operation is outstanding it needs an object for its state, an
// [Operation]. Programs start operations in chains: the handler of a read starts
// a write, and the handler of the write starts the next read. In a chain only one
// operation is outstanding at a time. So one block of memory can serve the whole
// chain, provided that the program may say where the memory comes from, and
// knows when it is free again. This package settles both:
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
// would need two. Released before, the same block is free when the next
// operation asks for it:
//
//	read ends    its results are copied out of the block
//	             the block is released
//	             the handler is called with the results
//	                  it starts a write, which allocates: the same block
//
// This holds on every path: success, error, end of file, cancellation, timeout,
// a hop to a strand. The number of blocks that are alive at once is therefore
// known. An operation, a post, and a composed operation of this package have
// one. A hop to a strand adds none. An operation made with [Compose] has its
// frame besides. These promises are among the twelve clauses of the contract,
// which are in package proptest/contract, as contract.Clause.
//
// # Handlers that allocate nothing
//
// A handler is kept while its operation is outstanding. So a closure or a method
// value that is made for each operation is an allocation for each operation. A
// pointer to a named type over the session costs nothing:
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
// A handler made with [WithAllocator], [WithTimeout] or one of the other With
// functions is an allocation too. Bind it once, when its chain begins, and keep
// it.
//
// # Coroutines
//
// A chain that is more than a loop of a few steps, such as a handshake or a
// dialogue with questions in between, reads better as a function. [Spawn] runs
// one as a coroutine, whose methods look as if they blocked. Memory, cancellation
// and closing the proactor work as they do for a chain of handlers, and an
// operation allocates nothing either.
//
// A coroutine costs a stack, which a chain of handlers does not keep while it
// waits: about 3.3 KB in all, roughly as much as a goroutine that reads with
// package net (BenchmarkParked of package platform). A switch takes about 80 ns,
// and an operation needs two (BenchmarkYield). So use handlers for very many
// sessions that are mostly idle, and for a few steps. Use coroutines for the
// rest. The two mix: a coroutine is a handler to the operations that it starts,
// and any handler may spawn one.
//
// # Testing your own
//
// A handler, a wrapper or a composed operation can be tried in random chains,
// with cancellation, timeouts, failing allocators and several goroutines, by
// package proptest/chains: chains.Wrapping puts a wrapper around every handler,
// and chains.Register adds an operation. A failure names the clause of the
// contract that was broken and draws the chains as a timeline.
//
// # Why is the allocator associated with the handler, and not ambient?
//
// An allocator that a package variable, a goroutine or a context provides would
// depend on where code happens to run. Handlers run on whatever goroutine runs
// the proactor, and an operation that was started on one may end on another. The
// handler is the one thing that goes along with an operation from its beginning
// to its end, through every composed operation in between. So it also says where
// the memory comes from. Two chains on the same goroutine can use two allocators
// this way, and neither has to restore anything afterwards.
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
// once, later, with an error that wraps allocator.ErrExhausted. A chain thus has
// one place that deals with errors, and it cannot get lost in the middle of a
// composed operation, whose starting function has returned long ago.
//
// # Where it comes from
//
// The contract is that of Asio's custom memory allocation, in
// doc/overview/allocation.qbk and doc/requirements/asynchronous_operations.qbk
// of Asio 1.38. It differs where Asio's own users were hurt: the allocator is
// looked up once and kept, a strand needs no second block, and an allocator
// that fails never loses a handler.
package ops
