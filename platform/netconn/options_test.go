package netconn_test

import (
	"errors"
	"net"
	"strings"
	"testing"
)

// TestOptions sets what there is, of sockets that are open and that are not.
func TestOptions(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.pair()
		packets := w.packets()
		options := map[string]func() error{
			"no-delay":     func() error { return a.SetNoDelay(false) },
			"keep-alive":   func() error { return a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}) },
			"linger":       func() error { return a.SetLinger(0) },
			"read buffer":  func() error { return a.SetReadBuffer(64 << 10) },
			"write buffer": func() error { return a.SetWriteBuffer(64 << 10) },
			"to read":      func() error { return packets.SetReadBuffer(64 << 10) },
			"to write":     func() error { return packets.SetWriteBuffer(64 << 10) },
		}
		for name, set := range options {
			if err := set(); err != nil {
				w.Errorf("%s: %v", name, err)
			}
		}
		if err := a.SetReadBuffer(-1); err == nil && !strings.HasSuffix(w.name, "single") {
			w.Error("sets a buffer of -1 bytes")
		}
		a.Close()
		packets.Close()
		// By a linger of 0 the close is a reset, which a simulated network does not know.
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, w.reset()) && !strings.HasPrefix(w.name, "sim") {
			w.Errorf("the peer reads %v", err)
		}
		for name, set := range options {
			if err := set(); !errors.Is(err, net.ErrClosed) {
				w.Errorf("%s of what is closed: %v", name, err)
			}
		}
	})
}
