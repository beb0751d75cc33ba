package main

import (
	"context"
	"errors"
	"net"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A policy says where the memory of a session's operations comes from.
type policy string

const (
	plainHeap  policy = "heap"        // a new block for each operation
	byDefault  policy = "default"     // what a handler gets that says nothing
	singleSlot policy = "single-slot" // one block a session, for all of its operations
	recycled   policy = "recycled"    // blocks that sessions which have ended have left
)

// A server echoes whatever its clients send. Everything in it belongs to the
// one goroutine that runs its proactor.
type server struct {
	proactor *platform.Proactor
	listener *platform.Listener
	policy   policy
	checked  bool // every operation is checked against the contract
	bufSize  int

	// Accepting is a chain too: accept, accept, …, with a wait in between
	// when the process has no descriptor left. It has a slot of its own.
	slot  combinators.SingleSlot[ops.Operation]
	timer platform.Timer
	next  *session // is being accepted

	// The memory of sessions. What one gives back when its client has left serves
	// the next, so that connections that come and go allocate nothing.
	sessions   *combinators.Recycling[session]
	buffers    *combinators.Recycling[byte]
	operations *combinators.Recycling[ops.Operation]

	connections, messages, bytes int64
	broken                       int // clauses, by sessions that have ended
}

// recycledSessions is for how many sessions the server keeps memory that nobody uses,
// unless their buffers are large.
const recycledSessions = 1024

// acceptAgain is how long to wait after a failed accept. Descriptors come back
// when clients leave, which nothing tells us.
const acceptAgain = 20 * time.Millisecond

// newServer opens a server on a network address. An empty backend is the best
// one there is.
func newServer(address, backend string, p policy, checked bool, bufSize int, options ...platform.Option) (*server, error) {
	options = append(options, platform.SingleRunner(), platform.WithBackend(backend))
	if p == plainHeap {
		options = append(options, platform.WithAllocator(allocator.Heap[ops.Operation]{}))
	}
	proactor, err := platform.New(options...)
	if err != nil {
		return nil, err
	}
	listener, err := proactor.Listen("tcp", address)
	if err != nil {
		proactor.Close()
		return nil, err
	}
	s := &server{
		proactor: proactor, listener: listener, policy: p, checked: checked, bufSize: bufSize,
		sessions:   combinators.NewRecycling[session](allocator.Heap[session]{}, recycledSessions),
		buffers:    combinators.NewRecycling[byte](allocator.Heap[byte]{}, min(recycledSessions*bufSize, maxMemory)),
		operations: combinators.NewRecycling[ops.Operation](allocator.Heap[ops.Operation]{}, recycledSessions),
	}
	s.timer.Init(proactor)
	s.accept()
	return s, nil
}

// run serves until ctx is done.
func (s *server) run(ctx context.Context) error {
	err := s.proactor.Run(ctx)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// close closes the server when run has returned. Operations that are still
// outstanding are abandoned, which must bring back their blocks too, and sessions.
func (s *server) close() { s.proactor.Close() }

// violations returns how often the contract was broken. It is for a server
// that was closed.
func (s *server) violations() int { return s.broken }

func (s *server) accept() {
	if s.next == nil {
		next, err := s.newSession()
		if err != nil {
			s.acceptLater()
			return
		}
		s.next = next
	}
	s.listener.Accept(&s.next.conn, (*onAccept)(s))
}

func (s *server) acceptLater() { s.timer.Wait(acceptAgain, (*onAcceptAgain)(s)) }

// abandon ends the chain of accepts: the proactor was closed.
func (s *server) abandon() {
	if s.next != nil {
		s.next.release()
		s.next = nil
	}
}

// onAccept is the server as the handler of Accept.
type onAccept server

func (s *onAccept) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onAccept) Complete(_ int, err error) {
	switch {
	case err == nil:
		s.connections++
		accepted := s.next
		s.next = nil
		accepted.read()
	case errors.Is(err, net.ErrClosed):
		return
	default: // such as EMFILE; the connection waits in the kernel
		(*server)(s).acceptLater()
		return
	}
	(*server)(s).accept()
}

// Abandon implements ops.Abandoner.
func (s *onAccept) Abandon() { (*server)(s).abandon() }

// onAcceptAgain is the server as the handler of the wait after a failure.
type onAcceptAgain server

func (s *onAcceptAgain) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onAcceptAgain) Complete(int, error) { (*server)(s).accept() }

// Abandon implements ops.Abandoner.
func (s *onAcceptAgain) Abandon() { (*server)(s).abandon() }

// A session is a connection and all the memory that it ever needs: read, write
// everything back, read.
type session struct {
	server *server
	conn   platform.Conn
	slot   combinators.SingleSlot[ops.Operation]
	alloc  allocator.Allocator[ops.Operation] // nil is the default
	buf    []byte

	contract contract
}

func (s *server) newSession() (*session, error) {
	block, err := s.sessions.Allocate(1)
	if err != nil {
		return nil, err
	}
	c := &block[0]
	c.server = s
	if c.buf, err = s.buffers.Allocate(s.bufSize); err != nil {
		s.sessions.Deallocate(block)
		return nil, err
	}
	switch s.policy {
	case singleSlot:
		c.alloc = &c.slot
	case recycled:
		c.alloc = s.operations
	}
	if s.checked {
		if c.alloc == nil {
			c.alloc = s.listener.Allocator()
		}
		c.contract.parent = c.alloc
		c.alloc = &c.contract
	}
	return c, nil
}

func (s *session) read() {
	s.contract.starts()
	s.conn.Read(s.buf, (*onRead)(s))
	s.contract.started()
}

func (s *session) write(n int) {
	s.contract.starts()
	ops.WriteFull(&s.conn, s.buf[:n], (*onWritten)(s))
	s.contract.started()
}

// end closes the connection: the client has left, in whichever way. This is the last
// handler of the session, so its memory is the program's from here on.
func (s *session) end() {
	s.conn.Close()
	s.release()
}

// release gives the memory back, which clears it.
func (s *session) release() {
	server := s.server
	server.broken += s.contract.violations()
	server.buffers.Deallocate(s.buf)
	server.sessions.Deallocate(unsafe.Slice(s, 1))
}

// onRead is the session as the handler of its reads. As a type of its own it
// is a handler without being allocated, unlike a closure or a method value.
type onRead session

func (s *onRead) Allocator() allocator.Allocator[ops.Operation] { return s.alloc }

func (s *onRead) Complete(n int, err error) {
	s.contract.ended()
	if err != nil {
		(*session)(s).end()
		return
	}
	s.server.messages++
	s.server.bytes += int64(n)
	(*session)(s).write(n)
}

// Abandon implements ops.Abandoner.
func (s *onRead) Abandon() { (*session)(s).release() }

// onWritten is the session as the handler of its writes.
type onWritten session

func (s *onWritten) Allocator() allocator.Allocator[ops.Operation] { return s.alloc }

func (s *onWritten) Complete(_ int, err error) {
	s.contract.ended()
	if err != nil {
		(*session)(s).end()
		return
	}
	(*session)(s).read()
}

// Abandon implements ops.Abandoner.
func (s *onWritten) Abandon() { (*session)(s).release() }
