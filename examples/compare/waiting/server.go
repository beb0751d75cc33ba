// Package waiting is an echo server for connections that mostly wait: one that does has a
// session, and an operation whose time is limited, and no buffer.
package waiting

import (
	"crypto/tls"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// buffer is how many bytes are read at once.
const buffer = 4096

// A Server echoes what the connections of one listener send, whose proactor has a single
// runner.
type Server struct {
	TLS  *tls.Config   // nil for plain connections
	Idle time.Duration // how long a connection may wait for the next message; 0 for ever

	acceptor platform.Acceptor[session]
	buffers  *combinators.Recycling[byte]
	read     []byte // what the session whose handler is called has read
}

// Serve serves l, and calls h once the listener and its connections are closed.
func (s *Server) Serve(l *platform.Listener, h ops.Handler) {
	s.buffers = combinators.NewRecycling(allocator.Heap[byte]{}, 64*buffer)
	s.acceptor.Conn = func(c *session) *platform.Conn { return &c.tcp }
	s.acceptor.Serve = s.begin
	s.acceptor.Start(l, h)
}

// Close closes the listener and all connections. The runner of the proactor calls it.
func (s *Server) Close() { s.acceptor.Close() }

// A session is a connection.
type session struct {
	server *Server
	tcp    platform.Conn
	tls    *secure.Conn // or nil
	block  []byte       // what is echoed now
}

func (s *Server) begin(c *session) {
	c.server = s
	if s.TLS == nil {
		c.wait()
		return
	}
	c.tls = new(secure.Conn)
	c.tls.Server(&c.tcp, s.TLS)
	c.tls.Handshake((*onShaken)(c))
}

func (c *session) wait() {
	if c.tls != nil {
		ops.ReadOnArrival(c.tls, buffer, &c.server.read, (*onRead)(c))
		return
	}
	ops.ReadOnArrival(&c.tcp, buffer, &c.server.read, (*onRead)(c))
}

func (c *session) echo() {
	if c.tls != nil {
		ops.WriteFull(c.tls, c.block, (*onWritten)(c))
		return
	}
	ops.WriteFull(&c.tcp, c.block, (*onWritten)(c))
}

func (c *session) end() { c.server.acceptor.Done(c) }

// onShaken is the session as the handler of its handshake.
type onShaken session

func (c *onShaken) Complete(_ int, err error) {
	if err != nil {
		(*session)(c).end()
		return
	}
	(*session)(c).wait()
}

// onRead is the session as the handler of its reads.
type onRead session

func (c *onRead) Allocator() allocator.Allocator[byte] { return c.server.buffers }

func (c *onRead) Timeout() time.Duration { return c.server.Idle }

func (c *onRead) Complete(_ int, err error) {
	if err != nil { // io.EOF when the client has left
		(*session)(c).end()
		return
	}
	c.block = c.server.read
	(*session)(c).echo()
}

// onWritten is the session as the handler of its writes.
type onWritten session

func (c *onWritten) Complete(_ int, err error) {
	c.server.buffers.Deallocate(c.block)
	c.block = nil
	if err != nil {
		(*session)(c).end()
		return
	}
	(*session)(c).wait()
}
