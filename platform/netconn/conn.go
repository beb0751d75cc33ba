package netconn

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A Conn is a [platform.Conn] with the interface net.Conn. Any goroutine may call its
// methods, except one that is running the proactor, which would wait for itself. Reads are
// served one after another, and so are writes.
type Conn struct {
	socket
	conn *platform.Conn
}

var _ net.Conn = (*Conn)(nil)

// A socket is what a Conn and a PacketConn have in common.
type socket struct {
	loop
	local, remote net.Addr
	closed        atomic.Bool
	reads, writes side
}

// NewConn returns c as a net.Conn. Operations that the program starts on c itself take turns
// with those of the result. NewConn panics if c was never opened. If c is closed, so is the
// result, and its addresses are nil. If the proactor has a single runner, only the runner may
// call NewConn while it runs.
func NewConn(c *platform.Conn) *Conn {
	if c == nil || c.Proactor() == nil {
		panic("netconn: NewConn: the connection was never opened")
	}
	n := &Conn{conn: c}
	n.loop = newLoop(c.Proactor())
	n.local, n.remote = c.LocalAddr(), c.RemoteAddr()
	return n
}

// newConn returns a Conn that is not open yet.
func newConn(l loop) *Conn {
	c := new(struct {
		Conn
		platform platform.Conn
	})
	c.loop, c.conn = l, &c.platform
	return &c.Conn
}

// opening is a Conn as the handler of the operation that opens it. It asks for the addresses
// there, because nobody can have closed the Conn yet, and a single runner may ask.
type opening Conn

func (h *opening) Allocator() allocator.Allocator[ops.Operation] { return h.reads.Allocator() }

func (h *opening) Complete(n int, err error) {
	if err == nil {
		h.local, h.remote = h.conn.LocalAddr(), h.conn.RemoteAddr()
	}
	h.reads.Complete(n, err)
}

// Abandon is called instead when the proactor was closed.
func (h *opening) Abandon() { h.reads.Abandon() }

// Platform returns the underlying connection, for operations with handlers.
func (c *Conn) Platform() *platform.Conn { return c.conn }

// Read reads up to len(b) bytes, as many as are available, and waits for at least one.
func (c *Conn) Read(b []byte) (n int, err error) {
	c.reads.lock()
	defer c.reads.unlock()
	n, err = c.tryRead(b)
	if err == ops.ErrWouldBlock {
		n, err = c.waitRead(b)
	}
	return n, c.failed("read", err)
}

func (c *Conn) waitRead(b []byte) (n int, err error) {
	if c.single {
		return c.reads.wait(&c.loop, func() { c.conn.Read(b, &c.reads) })
	}
	c.reads.expect() // without a closure, which would allocate
	c.conn.Read(b, &c.reads)
	return c.reads.await(&c.loop)
}

// tryRead reads what can be read without waiting, if this goroutine may.
func (c *Conn) tryRead(b []byte) (n int, err error) {
	switch {
	case c.closed.Load():
		return 0, net.ErrClosed
	case c.single:
		return 0, ops.ErrWouldBlock
	}
	return c.conn.TryRead(b)
}

// Write writes all of b. If that fails, n is how many bytes were written.
func (c *Conn) Write(b []byte) (n int, err error) {
	c.writes.lock()
	defer c.writes.unlock()
	for {
		var some int
		rest := b[n:]
		some, err = c.tryWrite(rest)
		if err == ops.ErrWouldBlock {
			some, err = c.waitWrite(rest)
		}
		if n += some; n == len(b) || err != nil {
			return n, c.failed("write", err)
		}
	}
}

func (c *Conn) waitWrite(b []byte) (n int, err error) {
	if c.single {
		return c.writes.wait(&c.loop, func() { c.conn.Write(b, &c.writes) })
	}
	c.writes.expect()
	c.conn.Write(b, &c.writes)
	return c.writes.await(&c.loop)
}

// tryWrite writes what can be written without waiting, if this goroutine may.
func (c *Conn) tryWrite(b []byte) (n int, err error) {
	switch {
	case c.closed.Load():
		return 0, net.ErrClosed
	case c.single:
		return 0, ops.ErrWouldBlock
	}
	return c.conn.TryWrite(b)
}

// Close closes the connection. Calls that wait return net.ErrClosed.
func (c *Conn) Close() error { return c.close(c.conn.Close) }

// CloseWrite ends the stream to the peer, which then reads io.EOF.
func (c *Conn) CloseWrite() error { return c.failed("close", c.set(c.conn.CloseWrite)) }

// SetDeadline sets the deadline of reads and writes, see [platform.Conn.SetReadDeadline]. It
// is compared with the time of [platform.Proactor.Now].
func (c *Conn) SetDeadline(t time.Time) error {
	return setDeadline(&c.socket, c.conn, (*platform.Conn).SetDeadline, t)
}

// SetReadDeadline sets the deadline of reads.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return setDeadline(&c.socket, c.conn, (*platform.Conn).SetReadDeadline, t)
}

// SetWriteDeadline sets the deadline of writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return setDeadline(&c.socket, c.conn, (*platform.Conn).SetWriteDeadline, t)
}

// LocalAddr returns the local address, even when the socket is closed.
func (s *socket) LocalAddr() net.Addr { return s.local }

// RemoteAddr returns the address of the peer, even when the socket is closed.
func (s *socket) RemoteAddr() net.Addr { return s.remote }

func (s *socket) close(f func() error) error {
	if s.closed.Swap(true) {
		return s.failed("close", net.ErrClosed)
	}
	return s.failed("close", s.arrange(f))
}

// setDeadline calls f, a method of c, the platform's socket for s. Programs set a deadline
// for each message, so there is no closure, which would allocate, unless another goroutine
// has to call f.
func setDeadline[C any](s *socket, c C, f func(C, time.Time) error, t time.Time) error {
	if s.single || s.closed.Load() {
		return s.setOption(func() error { return f(c, t) })
	}
	return s.failed("set", f(c, t))
}

// set changes something of a socket that is open.
func (s *socket) set(f func() error) error {
	if s.closed.Load() {
		return net.ErrClosed
	}
	return s.arrange(f)
}
