package platform_test

import (
	"errors"
	"math"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// What becomes of a socket that somebody else has as well, when it is closed here.

// sharedListener returns a listener, and another descriptor for it, which is closed with the test.
func (w *world) sharedListener() (*platform.Listener, *os.File) {
	w.t.Helper()
	l := w.listen("tcp", "127.0.0.1:0")
	f, err := l.File()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { f.Close() })
	return l, f
}

// TestHandOver ends an accept of a listener that a successor has too. Whoever connects then is
// served by one of the two.
func TestHandOver(t *testing.T) {
	for _, how := range []string{"cancelled", "closed", "closed when a client has come"} {
		t.Run(how, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				l, f := w.sharedListener()
				successor, err := net.FileListener(f)
				if err != nil {
					t.Fatal(err)
				}
				defer successor.Close()
				var accepted result
				var c platform.Conn
				l.Accept(&c, &accepted)
				w.settle()
				address := l.Addr().String()
				switch how {
				case "cancelled":
					l.Cancel()
					w.await(&accepted)
				case "closed":
					l.Close()
					w.await(&accepted)
				}
				client, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				if how == "closed when a client has come" {
					l.Close()
					w.await(&accepted)
				}
				if accepted.err == nil {
					c.Close()
					return
				}
				successor.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
				s, err := successor.Accept()
				if err != nil {
					t.Fatalf("the client was told %v, and the successor does not get it", accepted.err)
				}
				s.Close()
			})
		})
	}
}

// TestHandedOverIsQuiet closes a listener that a successor has too. The clients of that do not
// keep this proactor awake.
func TestHandedOverIsQuiet(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l, _ := w.sharedListener()
		address := l.Addr().String()
		var accepted result
		l.Accept(new(platform.Conn), &accepted)
		w.settle()
		l.Close()
		w.await(&accepted)
		client, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		timer, left, before := w.NewTimer(), 50, w.Stats().Polls
		var tick ops.HandlerFunc
		tick = func(int, error) {
			if left--; left > 0 {
				timer.Wait(5*time.Millisecond, tick)
			}
		}
		tick(0, nil)
		w.run()
		if n := w.Stats().Polls - before; n > 20_000 {
			t.Errorf("%d polls while nothing has happened", n)
		}
	})
}

// TestAdoptedAgain closes what was adopted, and adopts it again, in the descriptor of the same
// number.
func TestAdoptedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l, f := w.sharedListener()
		nc, _ := netPair(t)
		g, err := nc.File()
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		nc.Close()
		for range 3 {
			l.Close()
			nl, err := net.FileListener(f)
			if err != nil {
				t.Fatal(err)
			}
			if l, err = w.AdoptListener(nl); err != nil {
				t.Fatal(err)
			}
			again, err := net.FileConn(g)
			if err != nil {
				t.Fatal(err)
			}
			var c platform.Conn
			if err := w.AdoptConn(&c, again); err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		l.Close()
	})
}

// TestAdoptedDoesNotLinger adopts a connection whose close would wait for the peer.
func TestAdoptedDoesNotLinger(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		nc, _ := netPair(t)
		nc.SetLinger(10)
		var c platform.Conn
		if err := w.AdoptConn(&c, nc); err != nil {
			t.Fatal(err)
		}
		raw, err := c.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var l *unix.Linger
		raw.Control(func(fd uintptr) { l, err = unix.GetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER) })
		if err != nil || l.Onoff != 0 {
			t.Errorf("it lingers: %v, %v", l, err)
		}
	})
}

// TestAbstractNameIsNoFile closes a listener with a name that is in no directory. A file that is
// called the same stays.
func TestAbstractNameIsNoFile(t *testing.T) {
	t.Chdir(t.TempDir())
	each(t, func(t *testing.T, w *world) {
		for _, address := range []string{"\x00heirloom-abstract", "@heirloom-abstract"} {
			const file = "@heirloom-abstract"
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := w.Listen("unix", address)
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%q: %v", address, err)
			}
		}
	})
}

// TestNoPathOfFailedListen has Listen fail when the path is there, for want of a descriptor.
func TestNoPathOfFailedListen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		dir := t.TempDir()
		w.listen("unix", dir+"/first").Close() // package net opens some things once
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		free, err := unix.Dup(0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(free)
		few := limit
		few.Cur = uint64(free + 1) // room for one
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
			t.Fatal(err)
		}
		l, err := w.Listen("unix", dir+"/second")
		unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
		if err == nil {
			l.Close()
			t.Skip("one descriptor is enough")
		}
		if _, err := os.Stat(dir + "/second"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the path: %v", err)
		}
	})
}

// TestPacketLeavesByInterface sends to the IPv4 peer of a connected socket of both families.
func TestPacketLeavesByInterface(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip(err)
	}
	each(t, func(t *testing.T, w *world) {
		to := w.packets("udp4", "127.0.0.1:0")
		c := w.packets("udp", "[::]:0")
		if err := c.Connect(addrOf(to)); err != nil {
			t.Fatal(err)
		}
		for _, p := range []platform.Packet{
			{ECN: 1}, {Interface: lo.Index}, {Interface: lo.Index, ECN: 1}, {Interface: lo.Index, Peer: addrOf(to)},
		} {
			p.Buf = []byte("a")
			var wrote result
			c.WriteBatch([]platform.Packet{p}, &wrote)
			w.await(&wrote)
			wrote.want(t, 1, nil)
		}
	})
}

// TestSizesBeyond32Bits gives the system sizes of which it would see the lower half.
func TestSizesBeyond32Bits(t *testing.T) {
	if ^uint(0)>>32 == 0 {
		t.Skip("there are none")
	}
	beyond := math.MaxInt32
	beyond = 2 * (beyond + 1)
	each(t, func(t *testing.T, w *world) {
		c, _ := w.peer()
		_, backlog := platform.ListenConfig{Backlog: beyond}.Listen(w.Proactor, "tcp", "127.0.0.1:0")
		_, buffer := platform.ListenConfig{SocketOptions: platform.SocketOptions{ReadBuffer: beyond}}.Listen(w.Proactor, "tcp", "127.0.0.1:0")
		for what, err := range map[string]error{
			"SetReadBuffer": c.SetReadBuffer(beyond), "SetWriteBuffer": c.SetWriteBuffer(beyond), "Backlog": backlog, "ReadBuffer": buffer,
		} {
			if !errors.Is(err, syscall.EINVAL) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
