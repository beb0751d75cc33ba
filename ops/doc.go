// Package ops has the asynchronous operation: its handler, where its memory
// comes from, how it begins and ends, and what is made of several of them.
//
// An operation is started with a [Handler] and completes later by calling it.
// While it is outstanding it needs an object for its state, an [Operation].
// Programs start operations in chains: a handler that was called with what
// was read starts a write, and the handler of that starts the next read. One
// operation of a chain is outstanding at a time, so one block of memory can
// serve the whole chain, if the program may say where the memory comes from
// and knows when it is free again. Both are settled here:
//
//   - A handler may carry an allocator. [WithAllocator] binds one to any
//     handler; a handler type can also answer for itself with a method
//     Allocator, see [Associated].
//   - An operation takes its memory from the allocator associated with its
//     handler, and releases it before it calls the handler, so that the block
//     is free for the operation that the handler starts.
//
// The twelve clauses of that contract are in package proptest/contract,
// as contract.Clause.
//
// This package does no input and output; it is to package platform what io is
// to net. [Reader], [Writer] and [Executor] are what operations need of a
// platform, and [ReadFull], [WriteFull] and [Post] work on anything that has
// them. What servers are made of is built on these: [BufferedReader] for lines and
// headers, [BufferedWriter] and [WriteQueue] for whoever writes to one that others write
// to, [Copier] and [Pipe] for a proxy, and [Batch] for several operations that end
// together. A stream over another, as TLS is, is a [Layer].
//
// # Handlers that allocate nothing
//
// A handler is kept while its operation is outstanding, so a closure or a
// method value made for each operation is an allocation for each operation. A
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
// A handler that is bound with [WithAllocator] is bound once, when its chain
// begins, and kept.
//
// # Straight code
//
// A chain that is not a loop of a few steps, such as a handshake or a dialogue with
// questions in between, reads better as a function: [Spawn] runs one as a coroutine, whose
// methods look as if they blocked. Memory, cancellation and the end of the proactor are
// as for a chain of handlers, and an operation allocates nothing either. What it costs
// is a stack, which a chain of handlers does not keep while it waits: some 3.3 KB in all,
// about as much as a goroutine that reads with package net, and 80 ns for each
// switch, of which an operation takes two. So: handlers for what has very many sessions that
// are idle, or a few steps; coroutines for the rest. They mix: a coroutine is a handler to
// what it starts, and may be spawned by any.
//
// # Where it comes from
//
// The contract is that of Asio's custom memory allocation, in
// doc/overview/allocation.qbk and doc/requirements/asynchronous_operations.qbk
// of Asio 1.38. It differs where Asio's own users were hurt: the allocator is
// looked up once and kept, a strand needs no second block, and an allocator
// that fails never loses a handler.
package ops
