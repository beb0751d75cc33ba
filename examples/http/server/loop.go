package server

import (
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/examples/http/http1"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

const (
	readSize  = 16 << 10 // what is read at once
	flushSize = 64 << 10 // answers that are written before more requests are looked at
	keptBytes = 4 << 20  // of buffers, for later

	keptOperations = 1 << 16 // for clients to come
	keptAnswer     = 2 << 20 // memory of an answer, for the next one
)

// A loop is what the sessions of one proactor share. Its runner uses it, and nobody else
// but for what is atomic.
type loop struct {
	server   *Server
	p        *platform.Proactor
	acceptor platform.Acceptor[session]
	ended    ops.Handler
	handler  Handler
	limits   Limits
	head     http1.Limits
	timeouts Timeouts

	sessions   sessions
	operations *combinators.Recycling[ops.Operation]
	buffers    allocator.Allocator[byte]
	in         [readSize]byte
	out        []byte // answers that have not been written
	request    Request
	response   Response

	clock    clock
	counters counters
}

func newLoop(s *Server, p *platform.Proactor, ended ops.Handler) *loop {
	l := &loop{
		server:     s,
		p:          p,
		ended:      ended,
		operations: combinators.NewRecycling(allocator.Heap[ops.Operation]{}, keptOperations),
		handler:    s.Handler,
		limits:     s.Limits.withDefaults(),
		timeouts:   s.Timeouts.withDefaults(),
		out:        make([]byte, 0, 2*flushSize),
	}
	if s.Buffers != nil {
		l.buffers = s.Buffers()
	} else {
		l.buffers = combinators.NewRecycling(allocator.Heap[byte]{}, keptBytes)
	}
	l.head = l.limits.ofHead()
	l.response.loop = l
	l.acceptor.Conn = func(s *session) *platform.Conn { return &s.conn }
	l.acceptor.Serve = l.serve
	l.acceptor.Max = l.limits.Connections
	l.acceptor.OnError = s.report
	return l
}

func (l *loop) start(listener *platform.Listener) {
	l.clock.start(l)
	l.acceptor.Start(listener, (*onEnded)(l))
}

// serve begins a session.
func (l *loop) serve(s *session) {
	s.loop = l
	l.sessions.add(s)
	l.counters.connections++
	if l.server.TLS != nil {
		s.shake()
		return
	}
	s.goOn() // which ends it if it has come while the server shuts down
}

// after returns the time of a deadline. What it is reckoned from is up to a second old.
func (l *loop) after(d time.Duration) time.Time { return l.clock.now.Add(d + time.Second) }

// onEnded is called when the last session is done.
type onEnded loop

func (h *onEnded) Complete(_ int, err error) {
	l := (*loop)(h)
	l.clock.stop()
	l.counters.publish()
	ops.Defer(l.p, &outcome{l.ended, err})
}

// An outcome tells a handler how something has ended.
type outcome struct {
	handler ops.Handler
	err     error
}

func (o *outcome) Complete(int, error) { o.handler.Complete(0, o.err) }
