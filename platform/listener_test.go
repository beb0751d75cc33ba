package platform_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func TestAcceptInOrder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		const n = 8
		var conns [n]platform.Conn
		var accepts [n]result
		for i := range n / 2 { // some wait when the peers come, some come after
			l.Accept(&conns[i], &accepts[i])
		}
		var peers [n]net.Conn
		for i := range n {
			peer, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			peers[i] = peer
		}
		for i := n / 2; i < n; i++ {
			l.Accept(&conns[i], &accepts[i])
		}
		w.run()
		for i := range n {
			accepts[i].want(t, 0, nil)
			if got, want := conns[i].RemoteAddr().String(), peers[i].LocalAddr().String(); got != want {
				t.Errorf("the accept that was started as number %d got %s, want %s", i, got, want)
			}
		}
	})
}

func TestClosedListener(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		var c, d, e platform.Conn
		var outstanding, queued, late, refused result
		l.Accept(&c, &outstanding)
		l.Accept(&d, &queued)
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			if err := l.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			l.Accept(&e, &late)
		}))
		w.run()
		outstanding.want(t, 0, net.ErrClosed)
		queued.want(t, 0, net.ErrClosed)
		late.want(t, 0, net.ErrClosed)
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the second Close: %v, want %v", err, net.ErrClosed)
		}
		w.Connect(&c, "tcp", address, &refused)
		w.run()
		refused.want(t, 0, syscall.ECONNREFUSED)
		w.join(&c, &d) // they can be used
	})
}

func TestListenerAllocator(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		if l.Allocator() != w.Allocator() && w.runners > 0 {
			t.Error("a listener has another default allocator than its proactor")
		}
	})
}

func TestUnix(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := filepath.Join(shortDir(t), "socket")
		l, err := w.Listen("unix", path)
		if err != nil {
			t.Skipf("no unix sockets on this machine: %v", err)
		}
		if got := l.Addr().String(); got != path {
			t.Errorf("the listener's address is %q, want %q", got, path)
		}
		var a, b platform.Conn
		var accepted, connected, read, wrote, end result
		l.Accept(&a, &accepted)
		w.Connect(&b, "unix", path, &connected)
		w.run()
		accepted.want(t, 0, nil)
		connected.want(t, 0, nil)
		if got := b.RemoteAddr().String(); got != path || b.RemoteAddr().Network() != "unix" {
			t.Errorf("the peer's address is %s %q, want unix %q", b.RemoteAddr().Network(), got, path)
		}

		const size = 4 << 20
		sent, got := random(4, size), make([]byte, size)
		ops.ReadFull(&a, got, &read)
		ops.WriteFull(&b, sent, &wrote)
		w.run()
		read.want(t, size, nil)
		wrote.want(t, size, nil)
		if string(sent) != string(got) {
			t.Error("what arrived is not what was sent")
		}
		b.CloseWrite()
		a.Read(got, &end)
		w.run()
		if end.calls != 1 || end.n != 0 || end.err == nil {
			t.Errorf("at the end of the stream: (%d, %v)", end.n, end.err)
		}

		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s after the listener was closed: %v, want that it does not exist", path, err)
		}
	})
}

func TestUnixBadPath(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		long := filepath.Join(shortDir(t), strings.Repeat("x", 200))
		if l, err := w.Listen("unix", long); err == nil {
			l.Close()
			t.Error("Listen on a path of more than 108 bytes: no error")
		}
		var c, d platform.Conn
		for path, is := range map[string]error{long: syscall.EINVAL, filepath.Join(shortDir(t), "none"): syscall.ENOENT} {
			var r result
			w.Connect(&c, "unix", path, &r)
			r.later(t)
			w.run()
			r.want(t, 0, is)
		}
		w.join(&c, &d)
	})
}

// shortDir returns a new directory whose path leaves room for a name.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestListenWhileClosing listens when the proactor is closed and its handlers still run: who
// goes on opening sockets would hold up its end.
func TestListenWhileClosing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var err error
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			w.Close()
			_, err = w.Listen("tcp", "127.0.0.1:0")
		}))
		if over := w.Run(context.Background()); over != net.ErrClosed {
			t.Errorf("Run: %v", over)
		}
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("Listen: %v", err)
		}
	})
}
