package secure

import (
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A Transport is what TLS runs over. A [platform.Conn] is one, and so is a [Conn]: TLS
// inside TLS, as an HTTPS proxy needs it.
//
// While a write is outstanding, a Conn may start an empty write, to wait for its turn. The
// empty write must not end before the first one has made some progress.
//
// Unless the proactor has a single runner, any goroutine may call the methods, several at a
// time.
type Transport interface {
	ops.Reader
	ops.Writer
	ops.WaitReader

	// Allocator returns the default allocator: that of operations whose handlers have
	// none. With nil they come from the Go heap.
	Allocator() allocator.Allocator[ops.Operation]

	// Proactor returns the proactor that calls the handlers. It is not nil while the
	// transport is open.
	Proactor() *platform.Proactor

	// Cancel cancels all outstanding operations. Their handlers are called later, with
	// ops.ErrCanceled, or with the result that the operation already had. The transport
	// stays open.
	Cancel()

	// Close closes the transport. Handlers of outstanding operations are called later,
	// with net.ErrClosed. If it is closed already, Close returns net.ErrClosed.
	Close() error

	// LocalAddr returns the local address, or nil if the transport is not open.
	LocalAddr() net.Addr

	// RemoteAddr returns the peer's address, or nil if the transport is not open.
	RemoteAddr() net.Addr

	// SetDeadline sets the deadlines of reads and of writes, as SetReadDeadline and
	// SetWriteDeadline do.
	SetDeadline(t time.Time) error

	// SetReadDeadline sets the time at which reads end, and waits for something to read:
	// those that are outstanding, and those that are started later. Their handlers are
	// called with os.ErrDeadlineExceeded, or with the result that the operation already
	// had, and TryRead returns os.ErrDeadlineExceeded. A zero t means never. It returns
	// net.ErrClosed if the transport is not open. See [platform.Conn.SetReadDeadline].
	SetReadDeadline(t time.Time) error

	// SetWriteDeadline sets the time at which writes end, as SetReadDeadline does for
	// reads. Bytes that were written before the deadline stay written, and the handler
	// is called with their number.
	SetWriteDeadline(t time.Time) error
}

// A Conn is a TLS connection over a [Transport].
//
// [Conn.Client] or [Conn.Server] makes the zero value an end of a connection, so a Conn
// can be a field of a session struct. It must not be copied. Once the handshake is over
// it is read and written like any stream.
//
// One read and one write may be outstanding at the same time. Starting another panics;
// an ops.WriteQueue on top of the Conn lets several writes wait. Unless the proactor has a
// single runner, any goroutine may call its methods.
type Conn struct {
	below Transport

	mu    sync.Mutex // guards what follows, and all of tls once the handshake is over
	tls   *tls.Conn
	phase phase
	err   error      // why the handshake has failed
	shake *handshake // the one that is under way, or nil
	epoch uint32     // tells apart what was started before and after a Cancel

	records allocator.Allocator[byte] // of the memory of records while they are in flight
	in      reading
	out     writing
}

// A phase is how far the handshake has got.
type phase uint8

const (
	unset phase = iota
	fresh
	shaking
	ready
	failed
)

var (
	_ Transport       = (*Conn)(nil)
	_ Transport       = (*platform.Conn)(nil)
	_ ops.WriteCloser = (*Conn)(nil)
	_ ops.Stream      = (*Conn)(nil)
)

// Client makes c the client's end of a connection over below, which must be open. As for
// [tls.Client], the configuration needs a ServerName, or InsecureSkipVerify. It must not
// be changed any more, and its ClientSessionCache must not call methods of c, because c is
// locked while it reads. Client panics while c is in use.
func (c *Conn) Client(below Transport, config *tls.Config) {
	c.reset(below)
	if config != nil && config.Renegotiation != tls.RenegotiateNever {
		config = config.Clone() // it would have a read block
		config.Renegotiation = tls.RenegotiateNever
	}
	c.tls = tls.Client((*transport)(c), config)
}

// Server makes c the server's end of a connection over below, which must be open. As for
// [tls.Server], the configuration needs a certificate, or a way to get one. It must not
// be changed any more. Server panics while c is in use.
func (c *Conn) Server(below Transport, config *tls.Config) {
	c.reset(below)
	c.tls = tls.Server((*transport)(c), config)
}

func (c *Conn) reset(below Transport) {
	if below == nil {
		panic("secure: nil Transport")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == shaking || c.in.busy || c.out.busy {
		panic("secure: the Conn is in use")
	}
	c.below, c.phase, c.err, c.records = below, fresh, nil, nil
	c.in, c.out = reading{}, writing{}
}

// mustBeSet panics if c has nothing below it, and so no proactor could call a handler.
func (c *Conn) mustBeSet() {
	if c.below == nil {
		panic("secure: operation on a Conn that is the end of nothing: see Client and Server")
	}
}

// refusal returns why nothing can be read or written. The caller holds the lock.
func (c *Conn) refusal() error {
	switch c.phase {
	case ready:
		return nil
	case failed:
		return c.err
	}
	return ErrNoHandshake
}

// Read reads up to len(b) bytes, as many as are available, and waits for at least one. The
// handler is called with 0 and io.EOF when the peer has announced the end, and with
// io.ErrUnexpectedEOF if the connection below has ended without that. See
// [platform.Conn.Read].
func (c *Conn) Read(b []byte, h ops.Handler) { c.mustBeSet(); ops.Read(c, b, h) }

// Write writes some of b, at most 16 KiB, and calls the handler with the number of bytes
// written. Use [ops.WriteFull] to write all of b.
//
// A write that is ended early, by an error, a cancel or a deadline, may have sent a part
// of a record. So all later writes fail with its error, as in crypto/tls.
func (c *Conn) Write(b []byte, h ops.Handler) { c.mustBeSet(); ops.Write(c, b, h) }

// Allocator returns the default allocator of the transport.
func (c *Conn) Allocator() allocator.Allocator[ops.Operation] {
	c.mustBeSet()
	return c.below.Allocator()
}

// Proactor returns the proactor of the transport, or nil if there is none.
func (c *Conn) Proactor() *platform.Proactor {
	if c.below == nil {
		return nil
	}
	return c.below.Proactor()
}

// Cancel cancels all outstanding operations, including a handshake. The next read gets what
// a cancelled read had found.
func (c *Conn) Cancel() {
	if c.below == nil {
		return
	}
	c.mu.Lock()
	c.epoch++
	c.mu.Unlock()
	c.below.Cancel()
}

// currentEpoch returns the epoch of what is started now.
func (c *Conn) currentEpoch() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

// Close closes the connection below. It does not announce the end to the peer: see
// [Conn.Shutdown]. Handlers of outstanding operations are called later, with
// net.ErrClosed. Closing a closed connection returns net.ErrClosed.
func (c *Conn) Close() error {
	if c.below == nil {
		return net.ErrClosed
	}
	err := c.below.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == ready && !c.in.busy {
		c.dropInput()
	}
	return err
}

// ConnectionState returns what was agreed in the handshake, or before that the zero value.
func (c *Conn) ConnectionState() tls.ConnectionState {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != ready {
		return tls.ConnectionState{}
	}
	return c.tls.ConnectionState()
}

// LocalAddr returns the local address of the transport, or nil.
func (c *Conn) LocalAddr() net.Addr {
	if c.below == nil {
		return nil
	}
	return c.below.LocalAddr()
}

// RemoteAddr returns the peer's address of the transport, or nil.
func (c *Conn) RemoteAddr() net.Addr {
	if c.below == nil {
		return nil
	}
	return c.below.RemoteAddr()
}

// SetDeadline sets the deadline of reads and writes, and so of a handshake; see
// [platform.Conn.SetReadDeadline].
func (c *Conn) SetDeadline(t time.Time) error {
	if c.below == nil {
		return net.ErrClosed
	}
	return c.below.SetDeadline(t)
}

// SetReadDeadline sets the time at which reads end. A read that is ended in the middle of a
// record loses nothing: the next one goes on there.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if c.below == nil {
		return net.ErrClosed
	}
	return c.below.SetReadDeadline(t)
}

// SetWriteDeadline sets the time at which writes end; see [Conn.Write] for the
// consequences.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.below == nil {
		return net.ErrClosed
	}
	return c.below.SetWriteDeadline(t)
}
