package platform_test

import (
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform"
)

// TestSetOptions sets the options of connections that are open.
func TestSetOptions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		for _, c := range []*platform.Conn{a, b} {
			for name, err := range map[string]error{
				"SetNoDelay":     c.SetNoDelay(false),
				"SetKeepAlive":   c.SetKeepAlive(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: -1, Count: 4}),
				"SetLinger":      c.SetLinger(0),
				"SetReadBuffer":  c.SetReadBuffer(20_000),
				"SetWriteBuffer": c.SetWriteBuffer(30_000),
			} {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			want := setting{KeepAlive: true, Idle: 60, Interval: 15, Count: 4, Lingers: true}
			if diff := cmp.Diff(want, settingOf(t, c)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if r, s := get(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF), get(t, c, unix.SOL_SOCKET, unix.SO_SNDBUF); r != 40_000 || s != 60_000 {
				t.Errorf("buffers of %d and %d bytes, want 40000 and 60000", r, s)
			}
			c.SetKeepAlive(net.KeepAliveConfig{})
			c.SetLinger(-1)
			c.SetNoDelay(true)
			if s := settingOf(t, c); s.KeepAlive || s.Lingers || !s.NoDelay {
				t.Errorf("after they were taken back: %+v", s)
			}
		}
		for name, c := range map[string]struct{ err, want error }{
			"linger":   {a.SetLinger(1), errors.ErrUnsupported},
			"buffer":   {a.SetReadBuffer(0), syscall.EINVAL},
			"buffer 2": {a.SetWriteBuffer(-1), syscall.EINVAL},
			"probes":   {a.SetKeepAlive(net.KeepAliveConfig{Enable: true, Count: 1000}), syscall.EINVAL},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}

		u, _ := w.acceptOn(w.listen("unix", filepath.Join(t.TempDir(), "s")))
		for name, err := range map[string]error{
			"SetNoDelay":   u.SetNoDelay(true),
			"SetKeepAlive": u.SetKeepAlive(net.KeepAliveConfig{Enable: true}),
			"SetLinger":    u.SetLinger(0),
		} {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s of a unix connection: %v", name, err)
			}
		}
		if err := u.SetWriteBuffer(30_000); err != nil {
			t.Errorf("SetWriteBuffer of a unix connection: %v", err)
		}
	})
}

// TestOptionsOfClosed asks sockets that are closed, or were never opened.
func TestOptionsOfClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.pair()
		raw, err := a.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Read(func(uintptr) bool { return true }); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("RawConn.Read: %v", err)
		}
		if err := raw.Write(func(uintptr) bool { return true }); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("RawConn.Write: %v", err)
		}
		a.Close()
		l := w.listen("tcp", "127.0.0.1:0")
		l.Close()
		p, err := w.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		second := func(_ any, err error) error { return err }
		for name, err := range map[string]error{
			"RawConn.Control":           raw.Control(func(uintptr) { t.Error("called with the descriptor of a socket that is closed") }),
			"SetNoDelay":                a.SetNoDelay(true),
			"SetKeepAlive":              a.SetKeepAlive(net.KeepAliveConfig{}),
			"SetLinger":                 a.SetLinger(0),
			"SetReadBuffer":             a.SetReadBuffer(1),
			"Abort":                     a.Abort(),
			"zero SetNoDelay":           new(platform.Conn).SetNoDelay(true),
			"zero Abort":                new(platform.Conn).Abort(),
			"Conn.SyscallConn":          second(a.SyscallConn()),
			"Conn.File":                 second(a.File()),
			"zero Conn.File":            second(new(platform.Conn).File()),
			"Listener.SyscallConn":      second(l.SyscallConn()),
			"Listener.File":             second(l.File()),
			"Listener.SetUnlinkOnClose": l.SetUnlinkOnClose(false),
			"PacketConn.SetReadBuffer":  p.SetReadBuffer(1),
			"PacketConn.SyscallConn":    second(p.SyscallConn()),
			"PacketConn.File":           second(p.File()),
		} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %v, want %v", name, err, net.ErrClosed)
			}
		}
	})
}

// TestAbort closes connections so that the peer learns of a reset, also with a read and
// with data outstanding.
func TestAbort(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, reads := range []bool{false, true} {
			a, peer := w.peer()
			var read result
			if reads {
				a.Read(make([]byte, 1), &read)
				w.settle()
			}
			if err := a.Abort(); err != nil {
				t.Error(err)
			}
			if reads {
				w.await(&read)
				read.want(t, 0, net.ErrClosed)
			}
			if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("with a read outstanding: %t: the peer reads %v, want %v", reads, err, syscall.ECONNRESET)
			}
			if err := a.Abort(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the second time: %v", err)
			}
		}
	})
}
