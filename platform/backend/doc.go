// Package backend is for those who write a backend of package platform: a kernel
// interface, a layer over one, or a simulation. Programs do not need it.
//
// A [Backend] starts operations and says when they have ended. It works for a [Host],
// the proactor, which has everything that backends have in common: the queues of a
// socket, cancellation, timeouts, closing, and the handlers. What it knows of a socket
// lies in the [Socket], the record that it makes itself and never gives to anybody
// else; of an operation it sees an ops.ControlBlock and what the functions here read
// from that: [Peer], [Addr], [Accepted], [Buffers], [Packets], [Offset], [Source], [SetSender].
//
// platform.WithCustomBackend has a proactor use a backend, and platform.WithLayer
// puts one over another. Package platform/sim is an example of a whole one.
//
// # How to add one
//
// There are two kinds of kernel interface. One of readiness (epoll, kqueue) says when a
// call would not have to wait, and the backend makes the call: package
// internal/readiness does all that already, and wants a poller, which registers a
// descriptor and waits for events. One of completion (io_uring, completion ports) is given
// the call, and says when it was made. Its backend is of these parts:
//
//  1. The record. A struct of its own begins with a [Socket], and lies in a [Table], which
//     never moves nor frees it: whatever comes late from the kernel finds something valid.
//     NewSocket takes one out, FreeSocket puts it back; only in between is it anybody's.
//     The kernel is given the number of the record, never its address. What the kernel
//     writes to (results, addresses and their lengths) lies in the record, one request
//     a [Side], as each side has one operation at a time.
//  2. Start. It makes the call and returns true if that has ended at once, with the result
//     in N and Err. Otherwise the operation is the backend's, and stays reachable through
//     Queues of the record, until it is passed to [Host.Completed], from inside Poll
//     and with no socket locked. A completion may be there before Start has returned:
//     Start has the socket's lock, so Poll takes that before it looks at the record.
//  3. Results. A read of nothing is io.EOF; an interruption that nobody has asked for is
//     no result, and the call is made again; a packet that does not fit is
//     io.ErrShortBuffer; an error names its call (os.SyscallError) and is what package
//     syscall calls it. Resets that belong to a connection nobody has accepted yet are not
//     the listener's.
//  4. Cancel. True gives the operation back at once. False promises that Completed is
//     called, also if the result came first: what was transferred is never lost. It is
//     false, too, between the result and Completed.
//  5. Poll and Wake. Poll says [Host.Slept] when others could run meanwhile, and
//     [Host.Awake] as soon as it does not wait any more. A Wake that comes before a Poll
//     which would wait makes that one return. If a handler's panic ends a Poll, the next one
//     goes on with what was left.
//  6. CloseSocket closes the kernel's object. Every operation for which Cancel has returned
//     false is completed all the same, and only then is FreeSocket called.
//
// What else a backend can do it says by further interfaces: [FileBackend], [Controller] and
// [SocketBackend], [Flusher], [Clock], [PacketNetwork], [Isolated], [Conductor], [Signaler],
// [Aborter], [Splicer].
//
// A backend of this module is registered in platform/native_*.go, best first. From then on
// the tests of package platform run on it, with a single runner and with several, and
// so do programs of chains (go test ./platform ./proptest). One of another module runs the
// second kind by chains.Platform with platform.WithCustomBackend. What those do not
// cover are its own: what the kernel alone decides, such as the layout of its structures,
// full queues, and calls that are refused. Those of kqueue and io_uring also run over a fake of
// the kernel interface (packages fakekqueue and fakering), which draws what the interface leaves
// open: the order of events, when they come, how much is done at once, and what fails.
package backend
