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
// The twelve clauses of that contract are in package allocator, as
// allocator.Clause.
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
// # Where it comes from
//
// The contract is that of Asio's custom memory allocation, in
// doc/overview/allocation.qbk and doc/requirements/asynchronous_operations.qbk
// of Asio 1.38. It differs where Asio's own users were hurt: the allocator is
// looked up once and kept, a strand needs no second block, and an allocator
// that fails never loses a handler.
package ops
