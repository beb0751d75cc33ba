package server

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A Handler answers a request. Neither w nor r, nor a slice of what they have, may be
// used after it has returned. Loops call it at the same time; each calls it for one
// request at a time. A Handler that panics has the client told 500, its connection closed,
// and the panic reported.
type Handler func(w *Response, r *Request)

// A Server answers requests on any number of listeners. Set the fields, which must not
// change afterwards, and call [Server.Serve] for each listener.
type Server struct {
	Handler  Handler
	Limits   Limits
	Timeouts Timeouts

	// TLS, if it is set, has all connections begin with a handshake. HTTP/1.1 is all that
	// should be in its NextProtos.
	TLS *tls.Config

	// Buffers, if it is set, returns where a loop has its buffers from, for requests that
	// arrive in parts and answers that a client does not take. A session for which there is
	// none ends. Without it they are recycled, over the Go heap.
	Buffers func() allocator.Allocator[byte]

	// Report, if it is set, is told of every error that no client causes: those of
	// accepting, and handlers that panic. Loops call it at the same time.
	Report func(error)

	mu       sync.Mutex // of loops, which do not change any more once it is draining
	loops    []*loop
	draining atomic.Bool
}

// Serve serves the connections of a listener, which is the server's from then on, and
// calls h when the listener is closed and the last of them has ended: after
// [Server.Shutdown] with nil. Its proactor has a single runner, and Serve is called by it,
// or before it runs. A server that has been shut down closes the listener, and calls h with
// net.ErrClosed.
func (s *Server) Serve(l *platform.Listener, h ops.Handler) {
	x := newLoop(s, l.Proactor(), h)
	if s.add(x) {
		x.start(l)
		return
	}
	l.Close() // which is closed already, or closes
	ops.Post(x.p, &outcome{h, net.ErrClosed})
}

// add reports whether the server serves on x. It does not after a shutdown.
func (s *Server) add(x *loop) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.loops = append(s.loops, x)
	return true
}

func (s *Server) report(err error) {
	if s.Report != nil {
		s.Report(err)
	}
}
