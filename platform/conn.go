package platform

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// A Conn is a stream connection, TCP or unix.
//
// Its zero value is opened by [Proactor.Connect] or [Listener.Accept], so it can be a
// field of a session struct. It must not be copied. Starting an operation on a Conn
// that was never opened panics; its other methods treat it as closed.
//
// Once it is closed and all its handlers have been called, its memory belongs to the
// program. The program may open it again, on the same proactor or another, clear it,
// or give it back to an allocator. Neither the proactor nor the kernel uses it any
// more, so the last handler may do this, or any goroutine after it.
//
// One read and one write can be in progress at the same time. Further ones wait, and are
// served in the order in which they were started. Unless the proactor has a single
// runner, any goroutine may call its methods.
type Conn struct{ h handle }

var (
	_ ops.Reader = (*Conn)(nil)
	_ ops.Writer = (*Conn)(nil)

	_ ops.WaitReader   = (*Conn)(nil)
	_ ops.VectorWriter = (*Conn)(nil)
)

// Connect connects c. The network is "tcp", "tcp4", "tcp6" or "unix". A TCP address is
// "host:port" with a numeric host. An empty host and "localhost" mean 127.0.0.1, or
// [::1] for "tcp6". Of the unspecified addresses, 0.0.0.0 means 127.0.0.1, and [::] means
// [::1] unless the network is "tcp4". (Where package net would try both, only that one is
// tried.) Other names are for [Proactor.Dial].
//
// The handler is called with 0 and nil once c is connected, otherwise with 0 and the
// reason, and c can then be used again. A connection to itself is refused
// (ECONNREFUSED); it happens when the port is the one that the system has just chosen
// for this end. A connection to a unix listener whose queue is full fails (EAGAIN), and
// the program may try again.
func (p *Proactor) Connect(c *Conn, network, address string, h ops.Handler) {
	if c == nil {
		panic("platform: Connect: nil Conn")
	}
	p.mustBeRunner()
	op := ops.Begin(h, p.alloc)
	op.Kind = ops.KindConnect
	if op.Err == nil {
		op.Err = whence("dial", network, nil, nil, setPeer(op, network, address))
	}
	p.claimAndStart(c, op)
}

// claimAndStart starts a connect, unless it has failed already.
func (p *Proactor) claimAndStart(c *Conn, op *ops.Operation) {
	if s := p.claim(&c.h, op); s != nil {
		s.startConnect(op)
	} else {
		p.Execute(op)
	}
}

var loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// setPeer puts the address of the peer into op.
func setPeer(op *ops.Operation, network, address string) error {
	switch network {
	case "unix":
		if err := checkPath(address); err != nil {
			return err
		}
		backend.SetPath(op, address)
		return nil
	case "tcp", "tcp4", "tcp6":
	default:
		return net.UnknownNetworkError(network)
	}
	addr, err := numericAddr(network, address)
	if err != nil {
		return err
	}
	return backend.SetAddr(op, addr)
}

// numericAddr returns the address of a peer, which is this host if the address has no host
// of its own. The network is TCP or UDP, with a 4 or a 6 or neither.
func numericAddr(network, address string) (netip.AddrPort, error) {
	four, six := strings.HasSuffix(network, "4"), strings.HasSuffix(network, "6")
	local := loopback4
	if six {
		local = netip.IPv6Loopback()
	}
	numeric := address
	if host, port, ok := strings.Cut(address, ":"); ok && (host == "" || host == "localhost") {
		numeric = net.JoinHostPort(local.String(), port)
	}
	addr, err := netip.ParseAddrPort(numeric)
	if err != nil {
		return addr, &net.AddrError{Err: "platform: the address must be numeric", Addr: address}
	}
	switch addr.Addr() {
	case netip.IPv4Unspecified():
		addr = netip.AddrPortFrom(loopback4, addr.Port())
	case netip.IPv6Unspecified():
		addr = netip.AddrPortFrom(netip.IPv6Loopback(), addr.Port())
		if four {
			addr = netip.AddrPortFrom(loopback4, addr.Port())
		}
	}
	if is4 := addr.Addr().Unmap().Is4(); four && !is4 || six && is4 {
		return addr, &net.AddrError{Err: "platform: not an address for " + network, Addr: address}
	}
	return addr, nil
}

// checkPath refuses the path of a unix socket that the system would cut short.
func checkPath(path string) error {
	if len(path) > 1 && strings.IndexByte(path[1:], 0) >= 0 {
		return fmt.Errorf("platform: %q is no path, with a zero byte in it: %w", path, syscall.EINVAL)
	}
	return nil
}

// Read reads up to len(b) bytes, as many as are available, and waits for at least one. At
// the end of the stream the handler is called with 0 and io.EOF. If b is empty, the read
// completes with 0. The buffer belongs to the operation until its handler is called.
func (c *Conn) Read(b []byte, h ops.Handler) {
	op := c.h.begin(ops.KindRead, h)
	op.Buf = b
	c.h.start(op)
}

// Write writes some of b, and calls the handler with the number of bytes
// written. Use [ops.WriteFull] to write all of b. If b is empty, the write
// completes with 0. The buffer belongs to the operation until its handler is
// called.
func (c *Conn) Write(b []byte, h ops.Handler) {
	op := c.h.begin(ops.KindWrite, h)
	op.Buf = b
	c.h.start(op)
}

// WaitReadable calls h, with 0 and nil, when a read would not have to wait:
// there is something to read, or the stream has ended or failed. Follow it with
// [Conn.TryRead]; [ops.ReadOnArrival] does both. The wait takes its turn among
// the outstanding reads.
func (c *Conn) WaitReadable(h ops.Handler) {
	c.StartWaitReadable(c.h.begin(ops.KindWaitReadable, h))
}

// TryRead reads up to len(b) bytes, as many as are available, without waiting. It
// returns 0 and [ops.ErrWouldBlock] if there are none, if the proactor has not learnt of
// them in its last poll, or if they are for an outstanding read.
// [Conn.WaitReadable] then says when to try again. At the end of the stream TryRead
// returns 0 and io.EOF.
func (c *Conn) TryRead(b []byte) (n int, err error) {
	s, err := c.h.lockedToTry(b, readingSide)
	if s == nil {
		return 0, err
	}
	defer s.unlock()
	if spokenFor(&s.Queues[backend.Reading]) {
		return 0, ops.ErrWouldBlock
	}
	return s.proactorOf().backend.TryRead((*backend.Socket)(s), b)
}

// TryWrite writes some of b, without waiting, and returns the number of bytes written. It
// returns 0 and [ops.ErrWouldBlock] if there is no room, if an earlier write is
// outstanding, or if the backend cannot tell. Then use [Conn.Write].
func (c *Conn) TryWrite(b []byte) (n int, err error) {
	s, err := c.h.lockedToTry(b, writingSide)
	if s == nil {
		return 0, err
	}
	defer s.unlock()
	if !s.Queues[backend.Writing].Empty() {
		return 0, ops.ErrWouldBlock
	}
	return s.proactorOf().backend.TryWrite((*backend.Socket)(s), b)
}

// lockedToTry returns the record of the socket, locked, if there is something to try on a
// side, and otherwise nil and the result of the attempt.
func (h *handle) lockedToTry(b []byte, side record.Bits) (*socket, error) {
	h.mustBeRunner()
	s, ok := h.lockedOpen()
	if !ok {
		return nil, net.ErrClosed
	}
	if s.Is(side) {
		s.unlock()
		return nil, os.ErrDeadlineExceeded
	}
	if len(b) == 0 {
		s.unlock()
		return nil, nil
	}
	return s, nil
}

// spokenFor reports whether what arrives is for one of the outstanding reads. Operations
// that only wait have no claim to it, or two of them would wait for each other.
func spokenFor(reads *record.Queue) bool {
	for op := reads.First(); op != nil; op = reads.Next(op) {
		if op.Kind != ops.KindWaitReadable {
			return true
		}
	}
	return false
}

// StartWaitReadable implements [ops.WaitReader].
func (c *Conn) StartWaitReadable(op *ops.Operation) {
	op.Kind = ops.KindWaitReadable
	c.h.start(op)
}

// StartRead implements [ops.Reader].
func (c *Conn) StartRead(op *ops.Operation) {
	op.Kind = ops.KindRead
	c.h.start(op)
}

// StartWrite implements [ops.Writer].
func (c *Conn) StartWrite(op *ops.Operation) {
	op.Kind = ops.KindWrite
	c.h.start(op)
}

// Allocator returns the default allocator of the proactor.
func (c *Conn) Allocator() allocator.Allocator[ops.Operation] { return c.h.allocator() }

// Proactor returns the proactor that the connection belongs to, or nil if it
// was never opened.
func (c *Conn) Proactor() *Proactor { return c.h.proactor() }

// Cancel cancels all outstanding operations. Their handlers are called with
// [ops.ErrCanceled], or with the result that the operation already had.
func (c *Conn) Cancel() { c.h.cancel() }

// CloseWrite ends the stream to the peer, which then reads io.EOF. Call it only
// when no write is outstanding.
func (c *Conn) CloseWrite() error {
	c.h.mustBeRunner()
	s, ok := c.h.lockedOpen()
	if !ok {
		return net.ErrClosed
	}
	defer s.unlock()
	return s.proactorOf().backend.CloseWrite((*backend.Socket)(s))
}

// Close closes the connection. Handlers of outstanding operations are called later, with
// net.ErrClosed. Closing a closed connection returns net.ErrClosed. So does Close while an
// accept into the Conn is outstanding, because the Conn is not open yet; then nothing is
// closed.
func (c *Conn) Close() error { return c.h.close() }

// LocalAddr returns the local address, or nil if the connection is not open.
func (c *Conn) LocalAddr() net.Addr { return c.h.addr(false) }

// RemoteAddr returns the peer's address, or nil if the connection is not open.
func (c *Conn) RemoteAddr() net.Addr { return c.h.addr(true) }
