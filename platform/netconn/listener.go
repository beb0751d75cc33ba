package netconn

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// A Listener is a [platform.Listener] with the interface net.Listener. Any goroutine may
// call its methods, except one that is running the proactor.
type Listener struct {
	loop
	l      *platform.Listener
	addr   net.Addr
	closed atomic.Bool
}

var _ net.Listener = (*Listener)(nil)

// Listen listens on an address as net.Listen takes it; the network is "tcp", "tcp4", "tcp6"
// or "unix". For options use a [platform.ListenConfig], and [NewListener].
func Listen(p *platform.Proactor, network, address string) (*Listener, error) {
	return open(p, func() (*Listener, error) {
		l, err := p.Listen(network, address)
		if err != nil {
			return nil, err
		}
		n := NewListener(l)
		if n.addr == nil { // the proactor has closed it again
			return nil, failed("listen", named{network, address}, nil, net.ErrClosed)
		}
		return n, nil
	})
}

// NewListener returns l as a net.Listener. It panics if l was never opened. If l is closed,
// so is the result, and its address is nil.
func NewListener(l *platform.Listener) *Listener {
	if l == nil || l.Proactor() == nil {
		panic("netconn: NewListener: the listener was never opened")
	}
	return &Listener{loop: newLoop(l.Proactor()), l: l, addr: l.Addr()}
}

// Platform returns the underlying listener.
func (l *Listener) Platform() *platform.Listener { return l.l }

// Accept waits for a connection, which is a [*Conn].
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, failed("accept", l.addr, nil, err)
	}
	return c, nil
}

func (l *Listener) accept() (*Conn, error) {
	if l.closed.Load() {
		return nil, net.ErrClosed
	}
	c := newConn(l.loop)
	if _, err := c.reads.wait(&l.loop, func() { l.l.Accept(c.conn, (*opening)(c)) }); err != nil {
		return nil, err
	}
	return c, nil
}

// Close closes the listener. An Accept that waits returns net.ErrClosed.
func (l *Listener) Close() error {
	if l.closed.Swap(true) {
		return failed("close", l.addr, nil, net.ErrClosed)
	}
	return failed("close", l.addr, nil, l.arrange(l.l.Close))
}

// SetDeadline sets the time at which accepts end, see [platform.Listener.SetDeadline].
func (l *Listener) SetDeadline(t time.Time) error {
	if l.closed.Load() {
		return failed("set", l.addr, nil, net.ErrClosed)
	}
	return failed("set", l.addr, nil, l.arrange(func() error { return l.l.SetDeadline(t) }))
}

// Addr returns the address that the listener listens on, even when it is closed.
func (l *Listener) Addr() net.Addr { return l.addr }
