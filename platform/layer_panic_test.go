package platform_test

import (
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// panicking is a layer that panics in one call of a kind.
type panicking struct {
	backend.Backend
	in string
}

func (l *panicking) now(what string) {
	if l.in == what {
		l.in = ""
		panic("a bug of the layer in " + what)
	}
}

func (l *panicking) Start(s *backend.Socket, op *ops.Operation) bool {
	l.now("Start")
	return l.Backend.Start(s, op)
}

func (l *panicking) Cancel(s *backend.Socket, op *ops.Operation) bool {
	l.now("Cancel")
	return l.Backend.Cancel(s, op)
}

func (l *panicking) TryRead(s *backend.Socket, b []byte) (int, error) {
	l.now("TryRead")
	return l.Backend.TryRead(s, b)
}

func (l *panicking) TryWrite(s *backend.Socket, b []byte) (int, error) {
	l.now("TryWrite")
	return l.Backend.TryWrite(s, b)
}

func (l *panicking) CloseWrite(s *backend.Socket) error {
	l.now("CloseWrite")
	return l.Backend.CloseWrite(s)
}

func (l *panicking) CloseSocket(s *backend.Socket) error {
	l.now("CloseSocket")
	err := l.Backend.CloseSocket(s)
	return err
}

// TestLayerPanics has a layer panic in each call that is made with a socket locked. The
// panic goes on, and leaves no lock behind: the proactor can be closed.
func TestLayerPanics(t *testing.T) {
	calls := map[string]func(c *platform.Conn){
		"Start":       func(c *platform.Conn) { c.Write(make([]byte, 1), &result{}) },
		"Cancel":      func(c *platform.Conn) { c.Cancel() },
		"TryRead":     func(c *platform.Conn) { c.TryRead(make([]byte, 1)) },
		"TryWrite":    func(c *platform.Conn) { c.TryWrite(make([]byte, 1)) },
		"CloseWrite":  func(c *platform.Conn) { c.CloseWrite() },
		"CloseSocket": func(c *platform.Conn) { c.Close() },
	}
	for what, call := range calls {
		t.Run(what, func(t *testing.T) {
			for _, m := range modes() {
				t.Run(m.String(), func(t *testing.T) {
					var layer *panicking
					w := m.open(t, platform.WithLayer(func(below backend.Backend) backend.Backend {
						layer = &panicking{Backend: below}
						return layer
					}))
					a, b := w.pair()
					if what == "Cancel" {
						a.Read(make([]byte, 1), &result{})
					}
					layer.in = what
					got := panics(func() { call(a) })
					if want := "a bug of the layer in " + what; len(got) != 1 || fmt.Sprint(got[0]) != want {
						t.Errorf("panics: %q, want %q", got, want)
					}
					w.within("using the connection once more", func() {
						a.LocalAddr()
						b.Close()
						a.Close()
					})
				})
			}
		})
	}
}
