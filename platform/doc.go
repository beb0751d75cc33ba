// Package platform starts operations of the operating system and calls their
// handlers when they have ended: a proactor, with connections, listeners, packets,
// files and timers.
//
// A [Proactor] has one [Backend], the kernel interface that it uses: io_uring,
// epoll, or package net where there is neither. [New] takes the best that the
// system lets it use; [Proactor.Backend] says which, and [Proactor.Fallback] why
// no better one. Package platform/sim simulates one.
//
// Handlers are called by the goroutines that are in [Proactor.Run], never from
// inside the call that started the operation. The memory of an operation comes
// from the allocator associated with its handler, see package ops, and is released
// before the handler is called.
//
// # How many goroutines, how many proactors
//
//	you want                                     use
//	one loop, nothing shared, the least cost     New(SingleRunner()), one Run
//	a loop on each processor                     NewGroup, one Listen for all
//	handlers that take long, run in parallel     New(), several Run
//	an answer in half the time, for a processor  Spin
//
// A proactor that several goroutines run takes locks, and calls the handlers of
// different chains at the same time; an ops.Strand keeps those apart that must not
// be. Proactors of a [Group] share nothing.
//
// # What waits, and where
//
// Of each direction of a socket one operation is with the kernel; further ones
// wait their turn, in the order in which they were started. Timeouts and timers
// are the proactor's own: a heap in which a wait is started, cancelled and ended
// without allocating.
//
// An idle connection costs its Conn, its handler and the operation that waits. It
// needs no buffer if it reads with [ops.ReadOnArrival], or with [Conn.WaitReadable]
// and [Conn.TryRead].
//
// On io_uring the reads of a stream share a request that the kernel completes again
// and again, so a few messages are taken in before the program has asked for them,
// and the kernel may still take in one when the connection is being closed. What
// handlers start goes to the kernel when they have returned: with the next look at
// what has completed, or when Run ends. The address of a packet socket that is closed
// with a read outstanding is free a moment after Close has returned. And the kernel
// finishes a stream's reads on the thread that has asked for them: if a proactor with
// a single runner was set up by a goroutine that computes afterwards, while another
// runs it, messages may come some milliseconds late. Start the first reads where Run
// is called.
package platform
