package platform_test

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A connectLayer has connections be made with options.
type connectLayer struct {
	backend.Backend
	options backend.SocketOptions
}

func (l *connectLayer) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindConnect {
		backend.SetConnectOptions(op, &l.options)
	}
	return l.Backend.Start(s, op)
}

// TestConnectOptions makes connections with options.
func TestConnectOptions(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			layer := new(connectLayer)
			w := m.open(t, platform.WithLayer(func(below backend.Backend) backend.Backend {
				layer.Backend = below
				return layer
			}))
			l := w.listen("tcp", "127.0.0.1:0")
			layer.options = backend.SocketOptions{
				Delay:       true,
				KeepAlive:   net.KeepAliveConfig{Idle: 20 * time.Second, Interval: time.Second, Count: 5},
				ReadBuffer:  20_000,
				WriteBuffer: 30_000,
			}
			_, c := w.acceptOn(l)
			want := setting{KeepAlive: true, Idle: 20, Interval: 1, Count: 5}
			if diff := cmp.Diff(want, settingOf(t, c)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if r, s := get(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF), get(t, c, unix.SOL_SOCKET, unix.SO_SNDBUF); r != 40_000 || s != 60_000 {
				t.Errorf("buffers of %d and %d bytes, want 40000 and 60000", r, s)
			}
			layer.options = backend.SocketOptions{NoKeepAlive: true}
			if _, c = w.acceptOn(l); settingOf(t, c).KeepAlive || !settingOf(t, c).NoDelay {
				t.Errorf("without probes: %+v", settingOf(t, c))
			}
			if m.backend == "portable" {
				return // package net does not say what it could not set
			}
			layer.options = backend.SocketOptions{KeepAlive: net.KeepAliveConfig{Count: 1000}}
			var refused result
			w.Connect(new(platform.Conn), "tcp", l.Addr().String(), &refused)
			w.await(&refused)
			if !errors.Is(refused.err, syscall.EINVAL) {
				t.Errorf("too many probes: %v, want %v", refused.err, syscall.EINVAL)
			}
		})
	}
}
