package platform

import (
	"net"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A Listener accepts stream connections. Unless the proactor has a single
// runner, any goroutine may call its methods.
type Listener struct{ h handle }

// Listen listens on an address as net.Listen takes it; the network is "tcp",
// "tcp4", "tcp6" or "unix". Options are in [ListenConfig].
func (p *Proactor) Listen(network, address string) (*Listener, error) {
	return ListenConfig{}.Listen(p, network, address)
}

// Accept accepts a connection into c, which must not be open. The handler is
// called with 0 and nil once c is connected, otherwise with 0 and the reason,
// and c can then be used again. An error does not harm the listener: if the
// process has no more descriptors, for example, a later Accept gets the
// connection that this one could not take.
func (l *Listener) Accept(c *Conn, h ops.Handler) {
	if c == nil {
		panic("platform: Accept: nil Conn")
	}
	op := l.h.begin(ops.KindAccept, h)
	if s := l.h.proactor().claim(&c.h, op); s != nil {
		backend.SetAccepted(op, (*backend.Socket)(s))
	}
	l.h.start(op)
}

// Allocator returns the default allocator of the proactor.
func (l *Listener) Allocator() allocator.Allocator[ops.Operation] { return l.h.allocator() }

// Cancel cancels all outstanding operations. Their handlers are called with
// [ops.ErrCanceled].
func (l *Listener) Cancel() { l.h.cancel() }

// Close closes the listener. Handlers of outstanding accepts are called later,
// with net.ErrClosed. Closing a closed listener returns net.ErrClosed.
func (l *Listener) Close() error { return l.h.close() }

// Addr returns the address that the listener listens on, or nil if it is
// closed.
func (l *Listener) Addr() net.Addr { return l.h.addr(false) }

// Proactor returns the proactor that the listener belongs to.
func (l *Listener) Proactor() *Proactor { return l.h.proactor() }
