// Package backend is for those who write a backend of package platform: a kernel
// interface, a layer over one, or a simulation. Programs do not need it.
//
// A [Backend] starts operations and says when they have ended. It works for a [Host],
// the proactor, which has everything that backends have in common: the queues of a
// socket, cancellation, timeouts, closing, and the handlers. What a backend knows about a
// socket is in the [Socket], a record that it makes itself and shares only with the
// proactor. Of an operation it sees the ops.ControlBlock and what the functions here read
// from that: [Peer], [Addr], [Accepted], [Buffers], [Packets], [Offset], [Source] and
// [SetSender].
//
// platform.WithCustomBackend makes a proactor use a backend, and platform.WithLayer
// puts one over another. Package platform/sim is an example of a complete backend.
//
// # How to add one
//
// There are two kinds of kernel interface. A readiness interface (epoll, kqueue) says when
// a call would not have to wait, and the backend makes the call. Package
// internal/readiness does all of that already, and needs only a poller, which registers
// descriptors and waits for events. A completion interface (io_uring, completion ports) is
// given the call, and says when it has been done. Its backend has these parts:
//
//  1. The record. A struct of the backend begins with a [Socket], and lies in a [Table],
//     which never moves or frees it: whatever comes late from the kernel finds something
//     valid. NewSocket takes a record out, and FreeSocket puts it back; only in between is
//     it in use. The kernel is given the number of the record, never its address. What the
//     kernel writes to (results, addresses and their lengths) lies in the record, once for
//     each [Side], because each side has one operation at a time.
//  2. Start. It makes the call and returns true if that has ended at once, with the result
//     in N and Err. Otherwise the operation belongs to the backend, and stays reachable
//     through Queues of the record, until it is passed to [Host.Completed], from inside
//     Poll and with no socket locked. A completion may arrive before Start has returned.
//     Start is called with the socket locked, so Poll must lock the socket before it looks
//     at the record.
//  3. Results. A read of 0 bytes is io.EOF. After an interruption that nobody has asked
//     for, the call is made again. A packet that does not fit is io.ErrShortBuffer. An
//     error names its call (os.SyscallError) and is the one of package syscall. A reset of
//     a connection that nobody has accepted yet is not an error of the listener.
//  4. Cancel. True gives the operation back at once. False promises that Completed will be
//     called, even if the result came first: what was transferred is never lost. Cancel
//     also returns false between the result and Completed.
//  5. Poll and Wake. Poll calls [Host.Slept] if other goroutines could run meanwhile, and
//     [Host.Awake] as soon as it does not wait any more. A Wake before a Poll that would
//     wait makes that Poll return. If a panic ends a Poll, the next one goes on with what
//     was left.
//  6. CloseSocket closes the kernel's object. Every operation for which Cancel has returned
//     false is still completed, and only then is FreeSocket called.
//
// Further interfaces say what else a backend can do: [FileBackend], [FileSystem],
// [Controller], [SocketBackend], [Flusher], [Clock], [PacketNetwork], [Isolated],
// [Conductor], [Signaler], [Aborter] and [Splicer].
//
// A backend of this module is registered in platform/native_*.go, best first. From then on
// the tests of package platform run on it, with a single runner and with several, and so do
// programs of chains (go test ./platform ./proptest/...). For a backend of another module,
// chains.Platform with platform.WithCustomBackend runs the programs of chains. A backend
// needs tests of its own for what only its kernel decides, such as the layout of
// structures, full queues, and calls that are refused. The tests of kqueue and io_uring
// also run over a fake of the kernel interface (packages fakekqueue and fakering), which
// chooses at random what the interface leaves open: the order of events, when they come,
// how much is done at once, and what fails.
package backend
