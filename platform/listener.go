package platform

import (
	"net"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// A Listener accepts stream connections. Unless the proactor has a single
// runner, any goroutine may call its methods.
type Listener struct{ s Socket }

// Listen listens on an address as net.Listen takes it; the network is "tcp",
// "tcp4", "tcp6" or "unix".
func (p *Proactor) Listen(network, address string) (*Listener, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "unix":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	l := new(Listener)
	if err := p.listen(&l.s, p.backend.Listen, network, address); err != nil {
		return nil, err
	}
	return l, nil
}

// listenConfig is how a backend lets package net open s as a listener: for plain
// TCP, because what a multipath listener accepts does not inherit its options.
func listenConfig(s *Socket) *net.ListenConfig {
	c := &net.ListenConfig{KeepAlive: -1}
	c.SetMultipathTCP(false)
	if s.shared {
		c.Control = sharePort
	}
	return c
}

// Accept accepts a connection into c, which must not be open. The handler is
// called with 0 and nil once c is connected, otherwise with 0 and the reason,
// and c can then be used again. An error does not harm the listener: when the
// process has no more descriptors, a later Accept finds the connection that
// this one could not take.
func (l *Listener) Accept(c *Conn, h ops.Handler) {
	if c == nil {
		panic("platform: Accept: nil Conn")
	}
	op := l.s.begin(ops.KindAccept, h)
	op.Arg = unsafe.Pointer(&c.s)
	c.s.claimFor(op, l.s.p)
	l.s.start(op)
}

// Allocator returns the default allocator of the proactor.
func (l *Listener) Allocator() allocator.Allocator[ops.Operation] { return l.s.allocator() }

// Cancel cancels what is outstanding. Handlers are told [ops.ErrCanceled].
func (l *Listener) Cancel() { l.s.cancel() }

// Close closes the listener. Handlers of what is outstanding are told
// net.ErrClosed, later. Closing a closed listener returns net.ErrClosed.
func (l *Listener) Close() error { return l.s.close() }

// Addr returns the address that the listener listens on, or nil if it is
// closed.
func (l *Listener) Addr() net.Addr { return l.s.addr(false) }
