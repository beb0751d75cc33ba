package platform

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// A Conn is a stream connection, TCP or unix.
//
// Its zero value is opened by [Proactor.Connect] or [Listener.Accept], so it
// can lie inside a session struct; once closed, with all its handlers called,
// it can be opened again. It must not be copied. Starting an operation on one
// that was never opened panics; its other methods treat it as closed.
//
// One read and one write may be outstanding at the same time; further ones
// wait, and are served in the order in which they were started. Unless the
// proactor has a single runner, any goroutine may call its methods.
type Conn struct{ s Socket }

var (
	_ ops.Reader = (*Conn)(nil)
	_ ops.Writer = (*Conn)(nil)

	_ ops.WaitReader = (*Conn)(nil)
)

// Connect connects c. The network is "tcp", "tcp4", "tcp6" or "unix". A TCP
// address is "host:port" with a numeric host; an empty host or "localhost" is
// 127.0.0.1, and other names are for net.Resolver, which may block. The
// handler is called with 0 and nil once c is connected, otherwise with 0 and
// the reason, and c can then be used again.
func (p *Proactor) Connect(c *Conn, network, address string, h ops.Handler) {
	if c == nil {
		panic("platform: Connect: nil Conn")
	}
	op := ops.Begin(h, p.alloc)
	op.Kind = ops.KindConnect
	if op.Err == nil {
		op.Err = setPeer(op, network, address)
	}
	if c.s.claimFor(op, p); op.Err != nil {
		p.Execute(op)
		return
	}
	c.s.connect(op)
}

func (s *Socket) connect(op *ops.Operation) {
	p := s.p
	p.begun()
	var out queue
	s.lock()
	if s.register() {
		s.enqueue(op, &out)
	} else {
		s.state = idle
		op.Err = net.ErrClosed
		out.push(op)
	}
	s.unlock()
	p.finish(&out)
}

// setPeer puts the address of the peer into op.
func setPeer(op *ops.Operation, network, address string) error {
	switch network {
	case "unix":
		op.Arg = unsafe.Pointer(&peerName{path: address, unix: true})
		return nil
	case "tcp", "tcp4", "tcp6":
	default:
		return net.UnknownNetworkError(network)
	}
	if host, port, ok := strings.Cut(address, ":"); ok && (host == "" || host == "localhost") {
		address = "127.0.0.1:" + port
	}
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("platform: connect %s %s: the address must be numeric: %w", network, address, err)
	}
	if is4 := addr.Addr().Unmap().Is4(); network == "tcp4" && !is4 || network == "tcp6" && is4 {
		return &net.AddrError{Err: "platform: not an address for " + network, Addr: address}
	}
	return setAddr(op, addr)
}

// Read reads up to len(b) bytes, as many as there are. At the end of the
// stream the handler is called with 0 and io.EOF. Reading 0 bytes completes
// with 0. The buffer belongs to the operation until its handler is called.
func (c *Conn) Read(b []byte, h ops.Handler) {
	op := c.s.begin(ops.KindRead, h)
	op.Buf = b
	c.s.start(op)
}

// Write writes some of b; the handler is told how much. Use [ops.WriteFull] to
// write it all. Writing 0 bytes completes with 0. The buffer belongs to the
// operation until its handler is called.
func (c *Conn) Write(b []byte, h ops.Handler) {
	op := c.s.begin(ops.KindWrite, h)
	op.Buf = b
	c.s.start(op)
}

// WaitReadable calls h, with 0 and nil, when a read would not have to wait:
// there is something to read, or the stream has ended or failed. Follow it with
// [Conn.TryRead]; [ops.ReadOnArrival] does both. It waits its turn among the
// reads that are outstanding.
func (c *Conn) WaitReadable(h ops.Handler) {
	c.StartWaitReadable(c.s.begin(ops.KindWaitReadable, h))
}

// TryRead reads up to len(b) bytes, as many as there are, without waiting. If
// there are none, or if a read is outstanding that has a claim to them, it
// returns 0 and [ops.ErrWouldBlock]; at the end of the stream, 0 and io.EOF.
func (c *Conn) TryRead(b []byte) (n int, err error) {
	p := c.s.p
	if p == nil {
		return 0, net.ErrClosed
	}
	c.s.lock()
	defer c.s.unlock()
	switch {
	case c.s.state != open:
		return 0, net.ErrClosed
	case len(b) == 0:
		return 0, nil
	case !c.s.queues[reading].empty():
		return 0, ops.ErrWouldBlock
	}
	return p.backend.TryRead(&c.s, b)
}

// StartWaitReadable implements [ops.WaitReader].
func (c *Conn) StartWaitReadable(op *ops.Operation) {
	op.Kind = ops.KindWaitReadable
	c.s.start(op)
}

// StartRead implements [ops.Reader].
func (c *Conn) StartRead(op *ops.Operation) {
	op.Kind = ops.KindRead
	c.s.start(op)
}

// StartWrite implements [ops.Writer].
func (c *Conn) StartWrite(op *ops.Operation) {
	op.Kind = ops.KindWrite
	c.s.start(op)
}

// Allocator returns the default allocator of the proactor.
func (c *Conn) Allocator() allocator.Allocator[ops.Operation] { return c.s.allocator() }

// Proactor returns the proactor that the connection belongs to, or nil if it
// was never opened.
func (c *Conn) Proactor() *Proactor { return c.s.p }

// Cancel cancels what is outstanding. Handlers are told [ops.ErrCanceled], or
// the result that their operation already had.
func (c *Conn) Cancel() { c.s.cancel() }

// CloseWrite ends the stream in the direction of the peer, who then reads
// io.EOF. Writes that are outstanding should have ended before.
func (c *Conn) CloseWrite() error {
	p := c.s.p
	if p == nil {
		return net.ErrClosed
	}
	c.s.lock()
	defer c.s.unlock()
	if c.s.state != open {
		return net.ErrClosed
	}
	return p.backend.CloseWrite(&c.s)
}

// Close closes the connection. Handlers of what is outstanding are told
// net.ErrClosed, later. Closing a closed connection returns net.ErrClosed.
func (c *Conn) Close() error { return c.s.close() }

// LocalAddr returns the local address, or nil if the connection is not open.
func (c *Conn) LocalAddr() net.Addr { return c.s.addr(false) }

// RemoteAddr returns the peer's address, or nil if the connection is not open.
func (c *Conn) RemoteAddr() net.Addr { return c.s.addr(true) }

func (s *Socket) addr(peer bool) net.Addr {
	p := s.p
	if p == nil {
		return nil
	}
	s.lock()
	defer s.unlock()
	if s.state != open {
		return nil
	}
	return p.backend.Addr(s, peer)
}
