package backend

import (
	"net"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// A Backend is a kernel interface, or something that takes its place. It never
// sees a handler or an allocator, and of each side of a socket it sees one
// operation at a time: queueing, cancellation of what waits, closing, empty
// transfers, timers and the order of completions are up to the proactor.
//
// Methods that have a Socket as an argument are called with it locked, so for one socket
// these calls never overlap; for different sockets they may, unless there is a single
// runner. Poll is called by one goroutine at a time.
type Backend interface {
	// Name returns the name of the kernel interface.
	Name() string

	// NewSocket returns the record of a socket that is going to be opened. It may
	// be one that FreeSocket was called for.
	NewSocket() *Socket

	// FreeSocket takes back the record of a socket that is closed, or never was
	// opened, and on which nothing is outstanding.
	FreeSocket(s *Socket)

	// Listen opens s as a stream listener, on an address as net.Listen takes
	// it.
	Listen(s *Socket, network, address string, o ListenOptions) error

	// ListenPacket opens s for packets, on an address as net.ListenPacket
	// takes it.
	ListenPacket(s *Socket, network, address string, o ListenOptions) error

	// Start starts an operation and reports whether it ended at once, with
	// its results in N and Err. Otherwise the backend keeps it until it calls
	// [Host.Completed] from inside a later Poll.
	// A backend that learns of readiness may have the proactor call Start for
	// an operation again, until it has ended; see [Host.Retry].
	//
	//	KindRead     read into Buf, which is not empty
	//	KindWrite    write some of Buf, which is not empty
	//	KindAccept   accept a connection from the listener s into the socket
	//	             [Accepted](op), which is open then unless Err is set
	//	KindConnect  connect s to the address [Peer](op), from [Source](op),
	//	             with the [ConnectOptions](op)
	//	KindReadFrom read a packet into Buf, and pass the sender's address to
	//	             [SetSender]; Err is io.ErrShortBuffer if it is longer than
	//	             Buf
	//	KindWriteTo  send Buf as a packet to [Addr](op), or, if that is not valid, to
	//	             the peer that s is connected to
	//	KindWaitReadable
	//	             end when a read of the stream s would not have to wait
	//	KindReadVectored, KindWriteVectored
	//	             as KindRead and KindWrite, with [Buffers](op) instead of
	//	             Buf, of which there is at least one
	//	KindReadBatch
	//	             read some of the packets [Packets](op), as many as there are;
	//	             N is how many
	//	KindWriteBatch
	//	             send some of the packets [Packets](op); N is how many
	//	KindSendFile send the file [SourceFile](op) on the stream s, part by part; see
	//	             [Rest] and [Sent]
	//	KindSplice   write what TrySplice has taken to the stream s; only for a [Splicer]
	//
	// There are further kinds for a [FileBackend] and a [FileSystem].
	Start(s *Socket, op *ops.Operation) bool

	// Cancel makes an operation that was started end early. It reports whether
	// the backend has let go of it; if not, Completed is called for it later,
	// with ops.ErrCanceled unless it had a result. A layer answers for an
	// operation that it has not passed to the backend below.
	Cancel(s *Socket, op *ops.Operation) bool

	// TryRead reads from the stream s without waiting, into b, which is not
	// empty. It returns ops.ErrWouldBlock if it does not know of anything to read
	// yet. No read is outstanding, but a KindWaitReadable may be. It is called with
	// the socket locked.
	TryRead(s *Socket, b []byte) (n int, err error)

	// TryWrite writes some of b, which is not empty, to the stream s without waiting. It
	// returns ops.ErrWouldBlock if there is no room, or if it cannot tell. No write is
	// outstanding. It is called with the socket locked.
	TryWrite(s *Socket, b []byte) (n int, err error)

	// CloseWrite ends the stream in the direction of the peer.
	CloseWrite(s *Socket) error

	// CloseSocket closes the kernel's object. An operation for which Cancel
	// returned false is still completed.
	CloseSocket(s *Socket) error

	// Addr returns the address of s or of its peer, or nil.
	Addr(s *Socket, peer bool) net.Addr

	// Poll waits until an operation has ended, Wake was called or the time wait
	// has passed, and calls Completed for all operations that it knows to have
	// ended. A negative wait means no limit; with 0 Poll does not wait.
	Poll(wait time.Duration)

	// Wake makes a Poll that waits return, or the next one that would. It
	// may be called from any goroutine.
	Wake()

	// Now returns the time in nanoseconds since some moment, the same for all
	// proactors that one operation may use in turn. If Now stands still, a proactor
	// that spins parks after 1000 polls.
	Now() int64

	// Shutdown releases the backend's own resources. All sockets are closed.
	Shutdown()
}

// An Isolated backend has a network of its own, such as a simulated one. The names of
// hosts that the system knows mean nothing there. So a dial looks names up only with the
// Resolver of its platform.Dialer, on the goroutine that runs the proactor. Only the
// backend below all layers is asked whether it is Isolated.
type Isolated interface {
	Backend

	// Isolated only marks the backend. It is never called.
	Isolated()
}

// A Clock is a Backend whose time is not that of the system, such as a simulation. Only
// the backend below all layers is asked whether it is one.
type Clock interface {
	Backend

	// Epoch returns the time of day at which Now is 0. It is always the same.
	Epoch() time.Time
}

// A Flusher is a Backend that collects requests for the kernel. Only the backend below all
// layers is asked whether it is one.
type Flusher interface {
	Backend

	// Flush hands the collected requests to the kernel, as each Poll does first. It is
	// called between handlers, before the first one after a Poll, when the last goroutine
	// leaves Run, and, if handlers take long, after each operation that is started: by
	// the goroutine that starts it, maybe with a socket locked and, for a [Host.Retry],
	// from inside Poll. Unless there is a single runner, calls may overlap each other and
	// Poll. Flush is never called after Shutdown, nor, with a single runner, by a goroutine
	// that is not in Run.
	Flush()
}
