package netconn_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/netconn"
)

// TestRunAfterClose has calls refused by a proactor that is closed, and then has it run, which
// tells those who were refused. They have gone.
func TestRunAfterClose(t *testing.T) {
	each(t, func(w *world) {
		packets := w.packets()
		w.Close()
		w.wait("Run", func() { w.over <- <-w.over })
		for range 3 {
			reads := w.ended(func() error { _, err := packets.Read(make([]byte, 1)); return err })
			w.opError(w.want("Read", reads), net.ErrClosed, "read", false)
		}
		again := w.ended(func() error { return w.Proactor.Run(context.Background()) })
		for range 3 {
			reads := w.ended(func() error { _, err := packets.Read(make([]byte, 1)); return err })
			w.opError(w.want("Read", reads), net.ErrClosed, "read", false)
		}
		if err := w.want("Run", again); err != net.ErrClosed {
			w.Errorf("Run: %v", err)
		}
	})
}

// TestClosesAnytime closes a proactor at some moment while connections are made on it: each
// call returns, and what it has opened has addresses.
func TestClosesAnytime(t *testing.T) {
	each(t, func(w *world) {
		rounds := 20
		if testing.Short() { // on one processor the callers get in each other's way
			rounds = 2
		}
		for round := range rounds {
			w := open(w.T, w.name, w.options)
			l := w.listen("tcp")
			d := netconn.Dialer{Proactor: w.Proactor}
			var callers sync.WaitGroup
			for range 3 {
				callers.Go(func() {
					for {
						c, err := l.Accept()
						if !w.closes(c, err) {
							return
						}
					}
				})
				callers.Go(func() {
					for {
						c, err := d.Dial("tcp", l.Addr().String())
						if !w.closes(c, err) {
							return
						}
					}
				})
				callers.Go(func() {
					for {
						l, err := netconn.Listen(w.Proactor, "tcp", "127.0.0.1:0")
						if err != nil {
							return
						}
						l.Close()
					}
				})
			}
			for range round {
				runtime.Gosched()
			}
			w.Close()
			w.wait("a call", callers.Wait)
		}
	})
}

// TestNothingStaysOpen cancels dials and closes listeners at the moment when connections are
// made. Of those that nobody has got none is left open.
func TestNothingStaysOpen(t *testing.T) {
	each(t, func(w *world) {
		for round := range 50 {
			l := w.listen("tcp")
			d := netconn.Dialer{Proactor: w.Proactor}
			ctx, cancel := context.WithCancel(context.Background())
			var callers sync.WaitGroup
			for range 4 {
				callers.Go(func() { w.closes(l.Accept()) })
				callers.Go(func() { w.closes(d.DialContext(ctx, "tcp", l.Addr().String())) })
			}
			for range round {
				runtime.Gosched()
			}
			if round%2 == 0 {
				cancel()
				l.Close()
			} else {
				l.Close()
				cancel()
			}
			w.wait("a call", callers.Wait)
		}
		// A single runner closes later, but before this.
		w.want("Post", w.ended(func() error {
			posted := make(chan error)
			ops.Post(w.Proactor, ops.HandlerFunc(func(_ int, err error) { posted <- err }))
			return <-posted
		}))
		if s := w.Stats(); s.Conns != 0 || s.Listeners != 0 {
			w.Errorf("%d connections and %d listeners are open", s.Conns, s.Listeners)
		}
	})
}

// closes closes a connection, if there is one, and reports whether there will be more. It
// fails the test if the connection has no address.
func (w *world) closes(c net.Conn, err error) bool {
	if err != nil {
		return !errors.Is(err, net.ErrClosed) // else the other end has gone, or the like
	}
	if c.LocalAddr() == nil || c.RemoteAddr() == nil {
		w.Errorf("a connection from %v to %v", c.LocalAddr(), c.RemoteAddr())
	}
	c.Close()
	return true
}

// TestNewOfClosed has sockets that were closed before, as another goroutine may do.
func TestNewOfClosed(t *testing.T) {
	each(t, func(w *world) {
		a, _ := w.pair()
		l, packets := w.listen("tcp"), w.packets()
		w.Close()
		w.wait("Run", func() { w.over <- <-w.over })
		for what, f := range map[string]func() error{
			"Conn":       func() error { _, err := netconn.NewConn(a.Platform()).Read(make([]byte, 1)); return err },
			"Listener":   func() error { _, err := netconn.NewListener(l.Platform()).Accept(); return err },
			"PacketConn": func() error { _, err := netconn.NewPacketConn(packets.Platform()).Read(make([]byte, 1)); return err },
		} {
			if err := w.want(what, w.ended(f)); !errors.Is(err, net.ErrClosed) {
				w.Errorf("%s: %v", what, err)
			}
		}
	})
}
