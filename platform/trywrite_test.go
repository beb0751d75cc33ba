package platform_test

import (
	"bytes"
	"errors"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// fillByTrying writes b by TryWrite until there is no room, and returns how much was written.
func fillByTrying(t *testing.T, c *platform.Conn, b []byte) (all int) {
	t.Helper()
	for {
		n, err := c.TryWrite(b)
		switch {
		case err == ops.ErrWouldBlock && n == 0:
			return all
		case err != nil || n <= 0 || n > len(b):
			t.Fatalf("writes %d, %v", n, err)
		}
		all += n
	}
}

// TestTryWrite fills a connection, and goes on with a write that waits.
func TestTryWrite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		if n, err := a.TryWrite(nil); n != 0 || err != nil {
			t.Errorf("writes %d, %v from nothing", n, err)
		}
		some := bytes.Repeat([]byte("some text "), 10_000)
		n := fillByTrying(t, a, some)
		if n == 0 && runtime.GOOS != "windows" {
			t.Error("there is no room at first")
		}
		// A write that is outstanding comes first.
		var wrote, read, read2 result
		ops.WriteFull(a, bytes.Repeat([]byte("x"), 8<<20), &wrote)
		if n, err := a.TryWrite([]byte("y")); n != 0 || err != ops.ErrWouldBlock {
			t.Errorf("writes %d, %v before what was to be written before", n, err)
		}
		got := make([]byte, n)
		ops.ReadFull(b, got, &read)
		w.await(&read)
		rest := make([]byte, 8<<20)
		ops.ReadFull(b, rest, &read2)
		w.await(&read2, &wrote)
		wrote.want(t, 8<<20, nil)
		if i := bytes.IndexFunc(rest, func(r rune) bool { return r != 'x' }); i >= 0 {
			t.Errorf("byte %d of what was written afterwards is %q", i, rest[i])
		}
		// Each part of TryWrite begins at the start of the text.
		for i, j := 0, 0; i < len(got); i, j = i+1, j+1 {
			if j == len(some) || got[i] != some[j] {
				if j = 0; got[i] != some[0] {
					t.Fatalf("byte %d of what was tried is %q", i, got[i])
				}
			}
		}
		echo(t, w, a, b)
	})
}

// TestTryWriteFails writes to connections that are gone.
func TestTryWriteFails(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		var at result
		peer.SetLinger(0)
		peer.Close()
		c.WaitReadable(&at)
		w.await(&at)
		n, err := c.TryWrite([]byte("x"))
		for i := 0; err == nil && i < 100; i++ { // it is noticed by the answer
			n, err = c.TryWrite([]byte("x"))
		}
		switch {
		case runtime.GOOS == "windows" && err == ops.ErrWouldBlock:
		case n != 0 || !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE):
			t.Errorf("writes %d, %v to a peer that has gone", n, err)
		}
		c.Close()
		if n, err := c.TryWrite([]byte("x")); n != 0 || err != net.ErrClosed {
			t.Errorf("writes %d, %v to a connection that is closed", n, err)
		}
		if n, err := new(platform.Conn).TryWrite([]byte("x")); n != 0 || err != net.ErrClosed {
			t.Errorf("writes %d, %v to a connection that was never open", n, err)
		}
	})
}
