package platform_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// netPair returns the ends of a TCP connection of package net.
func netPair(t *testing.T) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close(); s.Close() })
	return s.(*net.TCPConn), c.(*net.TCPConn)
}

// converse checks that what each end writes comes to the other.
func (w *world) converse(c *platform.Conn, peer net.Conn) {
	w.t.Helper()
	buf := make([]byte, 5)
	var read result
	ops.ReadFull(c, buf, &read) // waits
	w.settle()
	if _, err := peer.Write([]byte("hello")); err != nil {
		w.t.Fatal(err)
	}
	w.await(&read)
	read.want(w.t, 5, nil)
	if string(buf) != "hello" {
		w.t.Errorf("read %q", buf)
	}
	var written result
	ops.WriteFull(c, []byte("world"), &written)
	w.await(&written)
	written.want(w.t, 5, nil)
	if _, err := io.ReadFull(peer, buf); err != nil || string(buf) != "world" {
		w.t.Errorf("the peer has read %q, %v", buf, err)
	}
}

// TestAdoptConn takes over a connection with something in it to be read, and with options.
func TestAdoptConn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		nc, peer := netPair(t)
		nc.SetNoDelay(false)
		nc.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 5 * time.Second, Count: 2})
		peer.Write([]byte("before"))
		var c platform.Conn
		if err := w.AdoptConn(&c, nc); err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the original reads: %v", err)
		}
		if err := w.AdoptConn(new(platform.Conn), nc); !errors.Is(err, net.ErrClosed) {
			t.Errorf("adopted twice: %v, want %v", err, net.ErrClosed)
		}
		want := setting{KeepAlive: true, Idle: 60, Interval: 5, Count: 2}
		if diff := cmp.Diff(want, settingOf(t, &c)); diff != "" {
			t.Errorf("options (-want +got):\n%s", diff)
		}
		if got, want := c.RemoteAddr().String(), peer.LocalAddr().String(); got != want {
			t.Errorf("the peer is %s, want %s", got, want)
		}
		buf := make([]byte, 6)
		var read result
		ops.ReadFull(&c, buf, &read)
		w.await(&read)
		read.want(t, 6, nil)
		w.converse(&c, peer)

		large := make([]byte, 4<<20) // more than the buffers have room for, so writes wait
		var written result
		ops.WriteFull(&c, large, &written)
		got := make(chan int64)
		go func() { n, _ := io.CopyN(io.Discard, peer, int64(len(large))); got <- n }()
		w.await(&written)
		written.want(t, len(large), nil)
		if n := <-got; n != int64(len(large)) {
			t.Errorf("the peer has read %d bytes of %d", n, len(large))
		}

		var readable result
		c.WaitReadable(&readable)
		w.settle()
		readable.later(t)
		peer.CloseWrite()
		w.await(&readable)
		readable.want(t, 0, nil)
		var end result
		c.Read(buf, &end)
		w.await(&end)
		end.want(t, 0, io.EOF)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if _, err := peer.Read(buf); err != io.EOF {
			t.Errorf("the peer reads %v, want io.EOF", err)
		}
	})
}

// TestAdoptUnixConn takes over one end of a pair of sockets that block, by a file.
func TestAdoptUnixConn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		peer := fileConn(t, fds[1])
		defer peer.Close()
		var c platform.Conn
		if err := w.AdoptConn(&c, fileConn(t, fds[0])); err != nil {
			t.Fatal(err)
		}
		w.converse(&c, peer)
		var read result
		c.Read(make([]byte, 1), &read)
		w.settle()
		read.later(t)
		c.Close()
		w.await(&read)
		read.want(t, 0, net.ErrClosed)
		if _, err := peer.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the peer reads %v, want io.EOF", err)
		}
	})
}

// fileConn returns a connection of package net for a descriptor, which it closes.
func fileConn(t *testing.T, fd int) net.Conn {
	t.Helper()
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// TestAdoptListener takes over listeners at which connections wait.
func TestAdoptListener(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, network := range []string{"tcp", "unix"} {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = socketPath(t)
			}
			nl, err := net.Listen(network, address) // multipath TCP, where there is such a thing
			if err != nil {
				t.Fatal(err)
			}
			at := nl.Addr().String()
			waiting, err := net.Dial(network, at)
			if err != nil {
				t.Fatal(err)
			}
			defer waiting.Close()
			l, err := w.AdoptListener(nl)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := nl.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the original accepts: %v", err)
			}
			if _, err := w.AdoptListener(nl); !errors.Is(err, net.ErrClosed) {
				t.Errorf("adopted twice: %v, want %v", err, net.ErrClosed)
			}
			var first, second platform.Conn
			var accepted, next result
			l.Accept(&first, &accepted)
			w.await(&accepted)
			accepted.want(t, 0, nil)
			waiting.SetDeadline(time.Now().Add(patience))
			w.converse(&first, waiting)

			l.Accept(&second, &next)
			w.settle()
			next.later(t)
			other, err := net.Dial(network, at)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			other.SetDeadline(time.Now().Add(patience))
			w.await(&next)
			next.want(t, 0, nil)
			w.converse(&second, other)
			if network == "tcp" {
				if diff := cmp.Diff(netSetting, settingOf(t, &second)); diff != "" {
					t.Errorf("accepted (-want +got):\n%s", diff)
				}
			}
			l.Close()
			if network == "unix" {
				if _, err := os.Stat(at); err != nil {
					t.Errorf("the path of an adopted listener: %v", err)
				}
			}
		}
	})
}

// TestUnlinkOnClose says of paths of unix listeners, made here and adopted, whether they
// are to stay.
func TestUnlinkOnClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, unlink := range []bool{false, true} {
			made := w.listen("unix", socketPath(t))
			nl, err := net.Listen("unix", socketPath(t))
			if err != nil {
				t.Fatal(err)
			}
			adopted, err := w.AdoptListener(nl)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range []*platform.Listener{made, adopted} {
				path := l.Addr().String()
				if err := l.SetUnlinkOnClose(unlink); err != nil {
					t.Error(err)
				}
				if err := l.Close(); err != nil {
					t.Error(err)
				}
				if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) != unlink {
					t.Errorf("to be removed: %t: %v", unlink, err)
				}
			}
		}
		name := w.listen("unix", "@heirloom-unlink-"+strings.ReplaceAll(w.mode.String(), "/", "-"))
		name.SetUnlinkOnClose(true)
		if err := name.Close(); err != nil {
			t.Errorf("closing one without a path: %v", err)
		}
	})
	if err := simulated(t).listen("tcp", "127.0.0.1:0").SetUnlinkOnClose(true); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("on a simulated network: %v, want %v", err, errors.ErrUnsupported)
	}
}

// TestAdoptPacketConn takes over a packet socket of package net.
func TestAdoptPacketConn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, network := range []string{"udp4", "udp"} {
			nc, err := net.ListenPacket(network, ":0")
			if err != nil {
				t.Fatal(err)
			}
			c, err := w.AdoptPacketConn(nc)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.AdoptPacketConn(nc); !errors.Is(err, net.ErrClosed) {
				t.Errorf("adopted twice: %v, want %v", err, net.ErrClosed)
			}
			other := w.packets("udp4", "127.0.0.1:0")
			buf := make([]byte, 9)
			var read, written result
			other.ReadFrom(buf, nil, &read)
			c.WriteTo([]byte("hi"), addrOf(other), &written)
			w.await(&read, &written)
			read.want(t, 2, nil)
			written.want(t, 2, nil)
			var waits result
			c.ReadFrom(buf, nil, &waits)
			w.settle()
			waits.later(t)
			c.Close()
			w.await(&waits)
			waits.want(t, 0, net.ErrClosed)
		}
	})
}
