package platform_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// filled opens a file with content to send.
func (w *world) filled(size int) (*platform.File, []byte) {
	w.t.Helper()
	name := filepath.Join(w.t.TempDir(), "content")
	part := random(7, 65_537) // no part of the file that is sent at once looks like another
	content := bytes.Repeat(part, size/len(part)+1)[:size]
	if err := os.WriteFile(name, content, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w.file(name, os.O_RDONLY), content
}

// received has the other end read until the end, and returns a function that waits for
// what it has read.
func received(c net.Conn) func() ([]byte, error) {
	type all struct {
		bytes []byte
		err   error
	}
	read := make(chan all, 1)
	go func() {
		b, err := io.ReadAll(c)
		read <- all{b, err}
	}()
	return func() ([]byte, error) {
		a := <-read
		return a.bytes, a.err
	}
}

func TestSendFile(t *testing.T) {
	const size = 1_000_003
	each(t, func(t *testing.T, w *world) {
		f, content := w.filled(size)
		c, other := w.peer()
		all := received(other)
		var want []byte
		send := func(offset, count int64, n int, err error) {
			t.Helper()
			var r result
			c.SendFile(f, offset, count, &r)
			r.later(t)
			w.await(&r)
			r.want(t, n, err)
			want = append(want, content[min(int(max(offset, 0)), size):][:n]...)
		}
		send(0, -1, size, nil)
		send(0, size, size, nil)
		send(7, 100, 100, nil)
		send(300_000, 300_000, 300_000, nil)
		send(5, 0, 0, nil)
		send(size, -1, 0, nil)
		send(1<<40, -1, 0, nil)
		send(size-10, 100, 10, io.ErrUnexpectedEOF)
		send(1<<40, 1, 0, io.ErrUnexpectedEOF)
		send(-1, 1, 0, syscall.EINVAL)

		// It is a write among others.
		var order [5]result
		c.Write([]byte("head"), &order[0])
		c.SendFile(f, 1, 500_000, &order[1])
		c.WriteVectored([][]byte{[]byte("middle")}, &order[2])
		c.SendFile(f, size-1, -1, &order[3])
		ops.WriteFull(c, []byte("tail"), &order[4])
		for i := range order {
			w.await(&order[i])
			if order[i].err != nil {
				t.Fatal(order[i].err)
			}
		}
		want = append(want, "head"...)
		want = append(want, content[1:500_001]...)
		want = append(want, "middle"...)
		want = append(want, content[size-1])
		want = append(want, "tail"...)

		f.Close()
		send(0, 1, 0, net.ErrClosed)
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := all(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes have arrived (%v), and are not the %d sent", len(got), err, len(want))
		}
		c.Close()
		var closed result
		g, _ := w.filled(1)
		c.SendFile(g, 0, 1, &closed)
		w.await(&closed)
		closed.want(t, 0, net.ErrClosed)
	})
}

// TestSendFileStopped ends it while the peer does not read: as many bytes have been sent
// as the handler is told.
func TestSendFileStopped(t *testing.T) {
	const size = 16 << 20
	for name, stop := range map[string]struct {
		err  error
		stop func(c *platform.Conn, h ops.Handler) (ops.Handler, func())
	}{
		"slot": {ops.ErrCanceled, func(_ *platform.Conn, h ops.Handler) (ops.Handler, func()) {
			slot := new(ops.CancelSlot)
			return ops.WithCancelSlot(h, slot), func() { slot.Cancel() }
		}},
		"cancel": {ops.ErrCanceled, func(c *platform.Conn, h ops.Handler) (ops.Handler, func()) { return h, c.Cancel }},
		"close":  {net.ErrClosed, func(c *platform.Conn, h ops.Handler) (ops.Handler, func()) { return h, func() { c.Close() } }},
		"timeout": {os.ErrDeadlineExceeded, func(_ *platform.Conn, h ops.Handler) (ops.Handler, func()) {
			return ops.WithTimeout(h, 20*time.Millisecond), func() {}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				f, content := w.filled(size)
				c, other := w.peer()
				var r result
				h, end := stop.stop(c, &r)
				c.SendFile(f, 0, -1, h)
				// The peer sees the first bytes, so it is under way.
				first := make([]byte, 1)
				seen := make(chan error, 1)
				go func() {
					_, err := io.ReadFull(other, first)
					seen <- err
					ops.Post(w, ops.HandlerFunc(func(int, error) { end() }))
				}()
				hold := w.Hold()
				w.await(&r)
				hold.Release()
				if err := <-seen; err != nil {
					t.Fatal(err)
				}
				if !errors.Is(r.err, stop.err) || r.n >= size {
					t.Fatalf("the handler was called with (%d, %v)", r.n, r.err)
				}
				all := received(other)
				c.Close()
				got, err := all()
				if got = append(first, got...); err != nil || len(got) != r.n || !bytes.Equal(got, content[:r.n]) {
					t.Errorf("%d bytes have arrived (%v), want the first %d of the file", len(got), err, r.n)
				}
			})
		})
	}
}

// TestSendFileToMany sends one file on several connections at once, and closes it
// meanwhile.
func TestSendFileToMany(t *testing.T) {
	const size, conns = 3 << 20, 5
	each(t, func(t *testing.T, w *world) {
		f, content := w.filled(size)
		var sent [conns]result
		var all [conns]func() ([]byte, error)
		var c [conns]*platform.Conn
		var other [conns]*net.TCPConn
		for i := range c {
			c[i], other[i] = w.peer()
			c[i].SendFile(f, int64(i), -1, &sent[i])
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		for i := range c {
			all[i] = received(other[i])
		}
		for i := range c {
			w.await(&sent[i])
			sent[i].want(t, size-i, nil)
			c[i].Close()
			if got, err := all[i](); err != nil || !bytes.Equal(got, content[i:]) {
				t.Errorf("connection %d has got %d bytes (%v), which are not those of the file", i, len(got), err)
			}
		}
	})
}

func TestSendFileMisuse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.pair()
		f, _ := w.filled(1)
		elsewhere, _ := w.mode.open(t).filled(1)
		mustPanic(t, "nil File", func() { c.SendFile(nil, 0, 1, &result{}) })
		mustPanic(t, "another proactor", func() { c.SendFile(elsewhere, 0, 1, &result{}) })
		mustPanic(t, "never opened", func() { c.SendFile(new(platform.File), 0, 1, &result{}) })

		var memory counting
		memory.exhaust(true)
		var exhausted, unreadable result
		c.SendFile(f, 0, 1, ops.WithAllocator(&exhausted, &memory))
		w.await(&exhausted)
		exhausted.want(t, 0, allocator.ErrExhausted)
		writeOnly := w.file(filepath.Join(t.TempDir(), "file"), os.O_WRONLY|os.O_CREATE)
		c.SendFile(writeOnly, 0, 1, &unreadable)
		w.await(&unreadable)
		if unreadable.n != 0 || unreadable.err == nil {
			t.Errorf("of a file that was opened to write: (%d, %v)", unreadable.n, unreadable.err)
		}
	})
}
