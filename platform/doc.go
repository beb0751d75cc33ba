// Package platform starts operations of the operating system and calls their
// handlers when they have ended: a proactor, with connections, listeners, packets,
// files and timers.
//
// A [Proactor] has one backend, the kernel interface that it uses: io_uring,
// epoll, or package net where there is neither. [New] takes the best that the
// system lets it use; [Proactor.Backend] says which, and [Proactor.Fallback] why
// no better one. Package platform/sim simulates one, and package platform/backend is
// for those who write their own.
//
// Handlers are called by the goroutines that are in [Proactor.Run], never from
// inside the call that started the operation. The memory of an operation comes
// from the allocator associated with its handler, see package ops, and is released
// before the handler is called.
//
// # Whose memory it is
//
// What the kernel's events find is the proactor's own memory, a record for each
// socket. A [Conn], [Listener], [PacketConn] or [File] only refers to it, by the number
// of its socket, and a [Timer] to its proactor. So once a connection is closed and the
// last of its handlers has been called, its Conn is the program's: that handler, or any
// goroutine after it, can clear the session it lies in, copy over it, give it back to
// an allocator, or open the Conn again, on this proactor or another. Whoever still has
// an old Conn finds it closed, also when its record serves another connection by then;
// whoever cancels late, by an ops.CancelSlot, cancels nothing.
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
// An idle connection costs its Conn, its handler, the operation that waits, and
// a record, which later connections use again and the proactor keeps. It needs no
// buffer if it reads with [ops.ReadOnArrival], or with [Conn.WaitReadable] and
// [Conn.TryRead].
//
// On io_uring the reads of a stream share a request that the kernel completes again
// and again, so a few messages are taken in before the program has asked for them,
// and the kernel may still take in one when the connection is being closed. What
// handlers start goes to the kernel when they have returned: with the next look at
// what has completed, or when Run ends. The kernel finishes a stream's reads on the
// thread that has asked for them: if a proactor with a single runner was set up by
// a goroutine that computes afterwards, while another runs it, messages may come some
// milliseconds late. Start the first reads where Run is called. The address of a socket
// that is closed with something outstanding, or whose process dies, is free a moment
// later, so Listen and ListenPacket try again for up to half a second when an
// address is in use.
package platform
