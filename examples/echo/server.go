package main

import (
	"context"
	"errors"
	"net"
	"time"

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
	free  *session // have ended, and wait for a connection
	all   []*session

	connections, messages, bytes int64
}

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
	s := &server{proactor: proactor, listener: listener, policy: p, checked: checked, bufSize: bufSize}
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
// outstanding are abandoned, which must bring back their blocks too.
func (s *server) close() { s.proactor.Close() }

// violations returns how often the contract was broken. It is for a server
// that was closed.
func (s *server) violations() int {
	n := 0
	for _, s := range s.all {
		n += s.contract.violations()
	}
	return n
}

func (s *server) accept() {
	if s.next == nil {
		s.next = s.newSession()
	}
	s.listener.Accept(&s.next.conn, (*onAccept)(s))
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
		s.timer.Wait(acceptAgain, (*onAcceptAgain)(s))
		return
	}
	(*server)(s).accept()
}

// onAcceptAgain is the server as the handler of the wait after a failure.
type onAcceptAgain server

func (s *onAcceptAgain) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onAcceptAgain) Complete(int, error) { (*server)(s).accept() }

// A session is a connection and all the memory that it ever needs: read, write
// everything back, read. When its client has left it waits for the next one.
type session struct {
	server *server
	conn   platform.Conn
	slot   combinators.SingleSlot[ops.Operation]
	alloc  allocator.Allocator[ops.Operation] // nil is the default
	buf    []byte
	next   *session // in server.free

	contract contract
}

func (s *server) newSession() *session {
	if c := s.free; c != nil {
		s.free = c.next
		return c
	}
	c := &session{server: s, buf: make([]byte, s.bufSize)}
	if s.policy == singleSlot {
		c.alloc = &c.slot
	}
	if s.checked {
		if c.alloc == nil {
			c.alloc = s.listener.Allocator()
		}
		c.contract.parent = c.alloc
		c.alloc = &c.contract
	}
	s.all = append(s.all, c)
	return c
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

// end closes the connection: the client has left, in whichever way.
func (s *session) end() {
	s.conn.Close()
	s.next, s.server.free = s.server.free, s
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
