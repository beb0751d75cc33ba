package platform

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// A Backend is a kernel interface, or something that takes its place. It never
// sees a handler or an allocator, and of each side of a socket it sees one
// operation at a time: queueing, cancellation of what waits, closing, empty
// transfers, timers and the order of completions are the proactor's.
//
// Start, Cancel, TryRead, CloseSocket and CloseWrite are called with the socket locked,
// so for one socket they never overlap; for different sockets they may, unless
// there is a single runner. Poll is called by one goroutine at a time.
type Backend interface {
	// Name returns the name of the kernel interface.
	Name() string

	// Listen opens s as a stream listener, on an address as net.Listen takes
	// it.
	Listen(s *Socket, network, address string) error

	// ListenPacket opens s for packets, on an address as net.ListenPacket
	// takes it.
	ListenPacket(s *Socket, network, address string) error

	// Start starts an operation and reports whether it ended at once, with
	// its results in N and Err. Otherwise the backend keeps it until it calls
	// [Proactor.Completed] from inside a later Poll.
	// A backend that learns of readiness may have the proactor call Start for
	// an operation again, until it has ended.
	//
	//	KindRead     read into Buf, which is not empty
	//	KindWrite    write some of Buf, which is not empty
	//	KindAccept   accept a connection from the listener s into the socket
	//	             [Accepted](op), which becomes the backend's if N is 0
	//	KindConnect  connect s to the address [Peer](op)
	//	KindReadFrom read a packet into Buf, and pass the sender's address to
	//	             [SetSender]; Err is io.ErrShortBuffer if it is longer than
	//	             Buf
	//	KindWriteTo  send Buf as a packet to [Addr](op)
	//	KindWaitReadable
	//	             end when a read of the stream s would not have to wait
	//	KindReadVectored, KindWriteVectored
	//	             as KindRead and KindWrite, with [Buffers](op) instead of
	//	             Buf, of which there is at least one
	//
	// There are further kinds for a [FileBackend] and a [FileSystem].
	Start(s *Socket, op *ops.Operation) bool

	// Cancel asks for an operation that was started to end early. It reports
	// whether the backend has let go of it; if not, Completed is called for
	// it later, with ops.ErrCanceled unless it had a result.
	Cancel(s *Socket, op *ops.Operation) bool

	// TryRead reads from the stream s without waiting, into b, which is not
	// empty. It returns ops.ErrWouldBlock if there is nothing yet. No read is
	// outstanding. It is called with the socket locked.
	TryRead(s *Socket, b []byte) (n int, err error)

	// CloseWrite ends the stream in the direction of the peer.
	CloseWrite(s *Socket) error

	// CloseSocket closes the kernel's object. An operation for which Cancel
	// returned false is still completed.
	CloseSocket(s *Socket) error

	// Addr returns the address of s or of its peer, or nil.
	Addr(s *Socket, peer bool) net.Addr

	// Poll waits until an operation was completed, Wake was called or wait
	// has passed, and calls Completed for all operations that it knows to
	// have ended. A negative wait is without end; with 0 it only looks.
	Poll(wait time.Duration)

	// Wake makes a Poll that waits return, or the next one that would. It
	// may be called from any goroutine.
	Wake()

	// Now returns the time in nanoseconds since some moment.
	Now() int64

	// Shutdown releases the backend's own resources. All sockets are closed.
	Shutdown()
}

// Completed ends an operation for which a backend's Start returned false, with
// its results in N and Err. A backend calls it from inside Poll.
func (p *Proactor) Completed(op *ops.Operation) {
	for _, o := range p.observers {
		o.Observe(op)
	}
	socketOf(op).complete(op)
}

// An Observer is a layer over a backend (see [WithLayer]) that is told when the
// backend below completes an operation by [Proactor.Completed].
type Observer interface {
	Backend

	// Observe is called before the proactor has the operation back.
	Observe(op *ops.Operation)
}

// An Option changes how New makes a proactor.
type Option func(*config)

type config struct {
	name    string
	backend func(*Proactor) (Backend, error)
	layers  []func(Backend) Backend
	single  bool
	spin    time.Duration
	alloc   allocator.Allocator[ops.Operation]
}

// WithBackend names the backend to use, one of [Backends], instead of the one
// that the environment variable HEIRLOOM_BACKEND names or the best.
func WithBackend(name string) Option { return func(c *config) { c.name = name } }

// WithCustomBackend makes the proactor use a backend of another package. The
// function is called once, with the proactor that the backend completes
// operations to.
func WithCustomBackend(open func(*Proactor) (Backend, error)) Option {
	return func(c *config) { c.backend = open }
}

// WithLayer puts a layer over the backend: a Backend that passes on to it what
// the proactor asks for, and that observes, delays or falsifies it. A layer that
// is given later lies over one given before.
func WithLayer(wrap func(Backend) Backend) Option {
	return func(c *config) { c.layers = append(c.layers, wrap) }
}

// WithAllocator sets the default allocator, for handlers that bring none. It
// is called by every goroutine that starts operations or runs the proactor.
func WithAllocator(a allocator.Allocator[ops.Operation]) Option {
	return func(c *config) { c.alloc = a }
}

// SingleRunner promises that one goroutine at a time runs the proactor, and
// that everything but Execute (and so [ops.Post] and [ops.Dispatch]), Hold, Stop and
// Close is called only by that goroutine, from handlers, or while nobody runs it. The
// proactor then takes no locks on its way.
func SingleRunner() Option { return func(c *config) { c.single = true } }

// Spin makes the proactor look for so long whether something has completed
// before it lets its goroutine, and then its thread, sleep. Where messages follow
// one another within that time, an answer comes in about half the time, because
// nothing has to be woken; the price is a busy processor while nothing comes. It
// is for a program that has processors to spare. 0, the default, sleeps at once.
func Spin(d time.Duration) Option { return func(c *config) { c.spin = d } }

// A nativeBackend is a backend of this package. Those of this system, best
// first, are native, in a file for the system.
type nativeBackend struct {
	name    string
	open    func(*Proactor) (Backend, error)
	refused func() error // why the system does not let it be used; nil if all do
}

// Backends returns the names of the backends that this system lets the process
// use, best first.
func Backends() []string {
	var names []string
	for _, n := range native {
		if n.refused == nil || n.refused() == nil {
			names = append(names, n.name)
		}
	}
	return names
}

func newBackend(c config, p *Proactor) (Backend, error) {
	if c.backend != nil {
		return c.backend(p)
	}
	name := c.name
	if name == "" {
		name = os.Getenv("HEIRLOOM_BACKEND")
	}
	var failed error
	for _, n := range native {
		if name != "" && name != n.name {
			continue
		}
		b, err := n.open(p)
		if err == nil {
			p.fallback = failed
			return b, nil
		}
		failed = errors.Join(failed, fmt.Errorf("platform: %s: %w", n.name, err))
	}
	if failed == nil {
		failed = fmt.Errorf("platform: no backend %q on this system: there is %s", name, strings.Join(Backends(), ", "))
	}
	return nil, failed
}

// recycled is the number of blocks that the default allocator keeps.
const recycled = 1024
