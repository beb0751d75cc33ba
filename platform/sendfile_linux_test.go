package platform_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// TestSendFileReset has the peer reset the connection in the middle of a file.
func TestSendFileReset(t *testing.T) {
	const size = 16 << 20
	each(t, func(t *testing.T, w *world) {
		reset := func() {
			f, _ := w.filled(size)
			c, other := w.peer()
			var memory counting
			var sent, after result
			c.SendFile(f, 0, -1, ops.WithAllocator(&sent, &memory))
			c.SendFile(f, 0, -1, ops.WithAllocator(&after, &memory)) // waits behind it
			failed := make(chan error, 1)
			go func() {
				_, err := io.ReadFull(other, make([]byte, 1000))
				other.SetLinger(0)
				failed <- errors.Join(err, other.Close())
			}()
			w.await(&sent, &after)
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
			for name, r := range map[string]*result{"the first": &sent, "the next": &after} {
				if !errors.Is(r.err, syscall.ECONNRESET) && !errors.Is(r.err, syscall.EPIPE) || r.n >= size {
					t.Errorf("%s was told (%d, %v)", name, r.n, r.err)
				}
			}
			c.Close()
			f.Close()
			memory.check(t)
		}
		reset() // whatever the runtime opens for itself is open now
		check := keepsDescriptors(t)
		for range 5 {
			reset()
		}
		check("the connections were reset")
	})
}

// TestSendFileOfDuplicate sends a file on a connection that package net has a duplicate
// of. That may wait without a thread only if it does not block, and goes on not to.
func TestSendFileOfDuplicate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f, content := w.filled(100_000)
		c, other := w.peer()
		file, err := c.File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if raw, err := file.SyscallConn(); err != nil {
			t.Error(err)
		} else {
			raw.Control(func(fd uintptr) {
				if flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
					t.Errorf("the duplicate blocks at first (flags %#x, error %v)", flags, err)
				}
			})
		}
		duplicate, err := net.FileConn(file)
		if err != nil {
			t.Fatal(err)
		}
		defer duplicate.Close()
		all := received(other)
		var sent result
		c.SendFile(f, 0, -1, &sent)
		w.await(&sent)
		sent.want(t, len(content), nil)
		raw, err := duplicate.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
				t.Errorf("the duplicate blocks now (flags %#x, error %v)", flags, err)
			}
		})
		if err := c.CloseWrite(); err != nil {
			t.Error(err)
		}
		if got, err := all(); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes came, error %v", len(got), err)
		}
	})
}

// TestSendFileAbandoned closes proactors with files half sent, some of them closed.
func TestSendFileAbandoned(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			first := m.open(t)
			first.pair()
			first.Close()
			check := keepsDescriptors(t)
			var memory counting
			for i := range 6 {
				w := m.open(t)
				f, _ := w.filled(16 << 20)
				a, b := w.pair()
				for range 3 {
					h := ops.WithAllocator(&result{}, &memory)
					a.SendFile(f, 0, -1, h)
					b.SendFile(f, 0, -1, h)
				}
				if i%3 > 0 {
					f.Close()
				}
				if i%3 > 1 {
					a.Close()
				}
				w.within("Close", func() { w.Close() })
			}
			memory.check(t)
			check("6 proactors were closed")
			noneLeft(t)
		})
	}
}
