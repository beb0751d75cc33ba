//go:build unix

// Echo is an echo server on Heirloom. A session has one block for all of its operations, and one
// for its buffer. When it ends, they and the session serve the next one.
package main

import (
	"log"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/examples/compare/servers/loops"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func main() {
	loops.Run(func(l *platform.Listener, buffer int) { newServer(buffer).start(l) })
}

// A server is one loop: its sessions, and the memory that they take and leave.
type server struct {
	acceptor   platform.Acceptor[session]
	operations *combinators.Recycling[ops.Operation]
	buffers    *combinators.Recycling[byte]
	bufferSize int
}

// For how many later sessions the memory is kept that nobody uses, and how many bytes of
// buffers.
const (
	keptSessions = 1024
	keptBytes    = 16 << 20
)

func newServer(bufferSize int) *server {
	return &server{
		operations: combinators.NewRecycling[ops.Operation](allocator.Heap[ops.Operation]{}, keptSessions),
		buffers:    combinators.NewRecycling[byte](allocator.Heap[byte]{}, keptBytes),
		bufferSize: bufferSize,
	}
}

func (s *server) start(l *platform.Listener) {
	s.acceptor.Conn = func(c *session) *platform.Conn { return &c.conn }
	s.acceptor.Serve = s.serve
	s.acceptor.OnError = func(err error) { log.Print(err) }
	s.acceptor.Start(l, ops.HandlerFunc(func(_ int, err error) { log.Fatal(err) }))
}

// A session is a connection.
type session struct {
	server *server
	conn   platform.Conn
	buffer []byte
}

func (s *server) serve(c *session) {
	buffer, err := s.buffers.Allocate(s.bufferSize)
	if err != nil {
		s.acceptor.Done(c)
		return
	}
	c.server, c.buffer = s, buffer
	c.conn.Read(c.buffer, (*onRead)(c))
}

// end closes the connection: the client has left, in whichever way.
func (c *session) end() {
	c.server.buffers.Deallocate(c.buffer)
	c.server.acceptor.Done(c)
}

// onRead is the session as the handler of its reads. As a type of its own it is a handler
// without being allocated, unlike a closure or a method value.
type onRead session

func (c *onRead) Allocator() allocator.Allocator[ops.Operation] { return c.server.operations }

func (c *onRead) Complete(n int, err error) {
	if err != nil {
		(*session)(c).end()
		return
	}
	ops.WriteFull(&c.conn, c.buffer[:n], (*onWritten)(c))
}

// onWritten is the session as the handler of its writes.
type onWritten session

func (c *onWritten) Allocator() allocator.Allocator[ops.Operation] { return c.server.operations }

func (c *onWritten) Complete(_ int, err error) {
	if err != nil {
		(*session)(c).end()
		return
	}
	c.conn.Read(c.buffer, (*onRead)(c))
}
