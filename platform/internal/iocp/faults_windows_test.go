package iocp_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// open returns a proactor, and a connection of it whose other end is one of package net.
func open(t *testing.T) (p *platform.Proactor, c *platform.Conn, peer net.Conn) {
	t.Helper()
	p, err := platform.New(platform.WithBackend("iocp"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if peer, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	c = new(platform.Conn)
	l.Accept(c, ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			t.Error(err)
		}
	}))
	run(t, p)
	return p, c, peer
}

// run runs p until nothing is outstanding.
func run(t *testing.T, p *platform.Proactor) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := p.Run(ctx); err != nil {
		t.Fatalf("Run: %v", err)
	}
}

// TestHandleClosed closes the handle of a connection by hand, with a read outstanding. That
// is wrong, and yet the read ends, with an error, and so does the proactor. The number of the
// handle is given to a socket that nobody needs, as the proactor closes whatever has it.
func TestHandleClosed(t *testing.T) {
	p, c, _ := open(t)
	calls, failure := 0, error(nil)
	c.Read(make([]byte, 1), ops.HandlerFunc(func(_ int, err error) { calls, failure = calls+1, err }))
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var others []windows.Handle
	ops.Post(p, ops.HandlerFunc(func(int, error) {
		raw.Control(func(handle uintptr) {
			windows.Closesocket(windows.Handle(handle))
			for range 1000 {
				s, err := windows.Socket(windows.AF_INET, windows.SOCK_STREAM, 0)
				if err != nil || s == windows.Handle(handle) {
					break
				}
				others = append(others, s)
			}
		})
	}))
	run(t, p)
	if calls != 1 || failure == nil {
		t.Errorf("the read was told %d times, last %v", calls, failure)
	}
	c.Close()
	for _, s := range others {
		windows.Closesocket(s)
	}
}

// TestForeignPacket has packets come to the port that are for no call of the backend, as
// they do for one that somebody else has made with the handle. They are dropped.
func TestForeignPacket(t *testing.T) {
	p, c, peer := open(t)
	var n int
	var failure error
	buf := make([]byte, 1)
	c.Read(buf, ops.HandlerFunc(func(m int, err error) { n, failure = m, err }))
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	foreign := new(windows.Overlapped)
	ops.Post(p, ops.HandlerFunc(func(int, error) {
		raw.Control(func(handle uintptr) {
			data := []byte("x")
			list := windows.WSABuf{Len: 1, Buf: &data[0]}
			var sent uint32
			if err := windows.WSASend(windows.Handle(handle), &list, 1, &sent, 0, foreign, nil); err != nil && err != windows.ERROR_IO_PENDING {
				t.Error(err)
			}
		})
		got := make([]byte, 1)
		if _, err := peer.Read(got); err != nil || got[0] != 'x' {
			t.Errorf("the peer reads %q, %v", got, err)
		}
		peer.Write([]byte("y"))
	}))
	run(t, p)
	if n != 1 || failure != nil || buf[0] != 'y' {
		t.Errorf("the read was told %d, %v, and has %q", n, failure, buf)
	}
	runtime.KeepAlive(foreign)
}

// TestFileReopened opens files that allow less than everything: what they were opened for
// is what they are opened for again.
func TestFileReopened(t *testing.T) {
	p, err := platform.New(platform.WithBackend("iocp"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	name := filepath.Join(os.TempDir(), "heirloom-reopened")
	if err := os.WriteFile(name, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(name)
	for flag, can := range map[int]struct{ read, write bool }{
		os.O_RDONLY: {true, false}, os.O_WRONLY: {false, true}, os.O_RDWR: {true, true},
	} {
		f, err := p.OpenFile(name, flag, 0)
		if err != nil {
			t.Fatalf("flag %d: %v", flag, err)
		}
		var read, wrote error
		f.ReadAt(make([]byte, 3), 0, ops.HandlerFunc(func(_ int, err error) { read = err }))
		f.WriteAt([]byte("abc"), 0, ops.HandlerFunc(func(_ int, err error) { wrote = err }))
		run(t, p)
		if (read == nil) != can.read || (wrote == nil) != can.write {
			t.Errorf("flag %d: a read is told %v, a write %v", flag, read, wrote)
		}
		f.Close()
	}
}
