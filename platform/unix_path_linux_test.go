package platform_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestPathWithNUL listens on a path, and connects to one, that the kernel would
// cut.
func TestPathWithNUL(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		dir := t.TempDir()
		path := filepath.Join(dir, "cut")
		for _, address := range []string{path + "\x00off", "a\x00"} {
			if l, err := w.Listen("unix", address); err == nil {
				t.Errorf("listens on %v", l.Addr())
				l.Close()
			} else if !errors.Is(err, syscall.EINVAL) {
				t.Errorf("Listen: %v, want %v", err, syscall.EINVAL)
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("there is %v (%v)", entries, err)
		}
		os.Remove(path)

		l := w.listen("unix", path)
		var c platform.Conn
		var r result
		w.Connect(&c, "unix", path+"\x00off", &r)
		r.later(t)
		w.await(&r)
		r.want(t, 0, syscall.EINVAL)
		l.Close()
	})
}

// TestUnixBacklogFull connects to a unix listener that has no room for another
// connection. That fails at once, as net.Dial does.
func TestUnixBacklogFull(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := filepath.Join(t.TempDir(), "full")
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
			t.Fatal(err)
		}
		if err := unix.Listen(fd, 0); err != nil {
			t.Fatal(err)
		}
		for n := 0; ; n++ {
			c, err := net.Dial("unix", path)
			if errors.Is(err, syscall.EAGAIN) {
				break
			}
			if err != nil || n > 100 {
				t.Fatal(n, err)
			}
			defer c.Close()
		}
		var c platform.Conn
		var r, again result
		// One that waits for room would do so for ever.
		w.Connect(&c, "unix", path, ops.WithTimeout(&r, patience/10))
		r.later(t)
		w.await(&r)
		r.want(t, 0, syscall.EAGAIN)
		if !strings.Contains(r.err.Error(), "connect") {
			t.Errorf("%q does not say that it was the connect", r.err)
		}

		free, _, err := unix.Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(free)
		w.Connect(&c, "unix", path, &again)
		w.await(&again)
		again.want(t, 0, nil)
	})
}
