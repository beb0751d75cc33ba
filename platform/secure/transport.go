package secure

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// transport is a Conn as the connection that crypto/tls runs over. During the handshake
// it waits, on a coroutine. After that it never does.
type transport Conn

// Read reads what is there.
func (t *transport) Read(b []byte) (n int, err error) {
	if t.shake != nil {
		n, err = t.shake.read(b)
	} else {
		n, err = t.tryRead(b)
		if errors.Is(err, allocator.ErrExhausted) {
			err = &temporary{err}
		}
	}
	if err == io.EOF {
		t.in.cut = true
	}
	return n, err
}

// tryRead reads, unless it is known that there is nothing to read.
func (t *transport) tryRead(b []byte) (n int, err error) {
	if t.in.dry {
		return 0, errNotYet
	}
	n, err = t.below.TryRead(b)
	t.in.dry = n < len(b)
	if err == ops.ErrWouldBlock {
		err = errNotYet
	}
	return n, err
}

// Write keeps b for the operation that sends it, and never fails: crypto/tls would
// remember that.
func (t *transport) Write(b []byte) (n int, err error) {
	if t.shake != nil {
		return t.shake.write(b)
	}
	o := &t.out
	switch {
	case o.err != nil: // nothing goes out any more
	case o.encrypts && len(o.late) == 0 && len(b) <= cap(o.block)-len(o.block):
		o.block = append(o.block, b...)
	default:
		o.late = append(o.late, b...)
	}
	return len(b), nil
}

// Close does nothing: the owner of the Conn closes it.
func (t *transport) Close() error { return nil }

// LocalAddr returns the local address of the transport.
func (t *transport) LocalAddr() net.Addr { return t.below.LocalAddr() }

// RemoteAddr returns the peer's address of the transport.
func (t *transport) RemoteAddr() net.Addr { return t.below.RemoteAddr() }

// SetDeadline does nothing: deadlines are those of the operations below.
func (t *transport) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (t *transport) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing. It is called when the end of the stream is announced.
func (t *transport) SetWriteDeadline(time.Time) error { return nil }
