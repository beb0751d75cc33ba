package platform_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// refusingCalls is a layer that refuses one call that is not Start.
type refusingCalls struct {
	backend.Backend
	what string // the method, or empty
	with error
}

func (l *refusingCalls) failCall(what string, with error) { l.what, l.with = what, with }

// refused returns the error of a call that is refused, once.
func (l *refusingCalls) refused(what string) error {
	if l.what != what {
		return nil
	}
	l.what = ""
	return l.with
}

func (l *refusingCalls) Listen(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	if err := l.refused("Listen"); err != nil {
		return err
	}
	return l.Backend.Listen(s, network, address, o)
}

func (l *refusingCalls) ListenPacket(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	if err := l.refused("ListenPacket"); err != nil {
		return err
	}
	return l.Backend.ListenPacket(s, network, address, o)
}

func (l *refusingCalls) TryRead(s *backend.Socket, b []byte) (int, error) {
	if err := l.refused("TryRead"); err != nil {
		return 0, err
	}
	return l.Backend.TryRead(s, b)
}

func (l *refusingCalls) TryWrite(s *backend.Socket, b []byte) (int, error) {
	if err := l.refused("TryWrite"); err != nil {
		return 0, err
	}
	return l.Backend.TryWrite(s, b)
}

func (l *refusingCalls) CloseWrite(s *backend.Socket) error {
	if err := l.refused("CloseWrite"); err != nil {
		return err
	}
	return l.Backend.CloseWrite(s)
}

// CloseSocket fails as a kernel does that has closed the descriptor nevertheless.
func (l *refusingCalls) CloseSocket(s *backend.Socket) error {
	err := l.Backend.CloseSocket(s)
	if refused := l.refused("CloseSocket"); refused != nil {
		return refused
	}
	return err
}

// callsRefused has one call fail by refuse, with an error, and checks that the caller gets the
// error, and that nothing else has changed.
var callsRefused = map[string]func(t *testing.T, w *world, refuse func(), with error){
	"Listen": func(t *testing.T, w *world, refuse func(), with error) {
		refuse()
		if _, err := w.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, with) {
			t.Errorf("listens: %v", err)
		}
		w.listen("tcp", "127.0.0.1:0").Close()
	},
	"ListenPacket": func(t *testing.T, w *world, refuse func(), with error) {
		refuse()
		if _, err := w.ListenPacket("udp4", "127.0.0.1:0"); !errors.Is(err, with) {
			t.Errorf("opens: %v", err)
		}
		w.packets("udp4", "127.0.0.1:0").Close()
	},
	"TryRead": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer a.Close()
		defer b.Close()
		var wrote, arrived, block, again, last result
		b.Write([]byte("ab"), &wrote)
		a.WaitReadable(&arrived)
		w.await(&wrote, &arrived)
		refuse()
		if n, err := a.TryRead(make([]byte, 2)); n != 0 || !errors.Is(err, with) {
			t.Errorf("reads %d, %v", n, err)
		}
		refuse()
		var memory buffers
		into := []byte("nothing")
		ops.ReadOnArrival(a, 2, &into, ops.WithAllocator[byte](&block, &memory))
		w.await(&block)
		if block.want(t, 0, with); into != nil || memory.live != 0 {
			t.Errorf("%q has arrived, and %d blocks are alive", into, memory.live)
		}
		ops.ReadOnArrival(a, 1, &into, &again)
		w.await(&again)
		if again.want(t, 1, nil); string(into) != "a" {
			t.Errorf("%q has arrived", into)
		}
		rest := make([]byte, 2)
		a.Read(rest, &last)
		w.await(&last)
		if last.want(t, 1, nil); rest[0] != 'b' {
			t.Errorf("reads %q", rest[:1])
		}
	},
	"TryWrite": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer a.Close()
		defer b.Close()
		refuse()
		if n, err := a.TryWrite([]byte("a")); n != 0 || !errors.Is(err, with) {
			t.Errorf("writes %d, %v", n, err)
		}
		var wrote, read result
		got := make([]byte, 2)
		a.Write([]byte("b"), &wrote)
		b.Read(got, &read)
		w.await(&wrote, &read)
		wrote.want(t, 1, nil)
		if read.want(t, 1, nil); got[0] != 'b' {
			t.Errorf("the peer reads %q", got[:1])
		}
	},
	"CloseWrite": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer a.Close()
		defer b.Close()
		refuse()
		if err := a.CloseWrite(); !errors.Is(err, with) {
			t.Errorf("ends the stream: %v", err)
		}
		var wrote, read, end result
		a.Write([]byte("a"), &wrote)
		b.Read(make([]byte, 2), &read)
		w.await(&wrote, &read)
		wrote.want(t, 1, nil)
		read.want(t, 1, nil)
		if err := a.CloseWrite(); err != nil {
			t.Error(err)
		}
		b.Read(make([]byte, 2), &end)
		w.await(&end)
		end.want(t, 0, io.EOF)
	},
	"CloseSocket": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer b.Close()
		var read, end result
		a.Read(make([]byte, 1), &read)
		refuse()
		if err := a.Close(); !errors.Is(err, with) {
			t.Errorf("closes: %v", err)
		}
		if err := a.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closes again: %v", err)
		}
		b.Read(make([]byte, 1), &end)
		w.await(&read, &end)
		read.want(t, 0, net.ErrClosed)
		end.want(t, 0, end.err)
		var c platform.Conn
		w.join(a, &c) // what is closed can be opened again
		a.Close()
		c.Close()
	},
}

// TestCallRefused has each call of a backend that may fail, other than Start, fail once with an error
// that a kernel has when it is short of something. The program is told, and may try again.
func TestCallRefused(t *testing.T) {
	with := []error{syscall.ENOMEM, syscall.ENOBUFS, syscall.EMFILE, syscall.EIO}
	for what, call := range callsRefused {
		t.Run(what, func(t *testing.T) {
			for _, m := range modes() {
				t.Run(m.String(), func(t *testing.T) {
					layer := new(refusingCalls)
					w := m.open(t, platform.WithLayer(func(below backend.Backend) backend.Backend {
						layer.Backend = below
						return layer
					}))
					w.join(new(platform.Conn), new(platform.Conn)) // whatever the runtime opens for itself is open now
					before := w.Stats()
					check := keepsDescriptors(t)
					for _, err := range with {
						call(t, w, func() { layer.failCall(what, err) }, err)
						if layer.what != "" {
							t.Errorf("nobody has called %s", what)
						}
					}
					w.run()
					check(fmt.Sprint(len(with), " calls were refused"))
					now := w.Stats()
					if now.Conns != before.Conns || now.Listeners != before.Listeners || now.PacketConns != before.PacketConns ||
						now.Outstanding != before.Outstanding {
						t.Errorf("was %+v before, and is %+v", before, now)
					}
					w.within("Close", func() { w.Close() })
					noneLeft(t)
				})
			}
		})
	}
}
