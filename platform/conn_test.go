package platform_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func TestReadWrite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var read, wrote result
		buf := make([]byte, 100)
		a.Read(buf, &read)
		b.Write([]byte("hello"), &wrote)
		read.later(t)
		wrote.later(t)
		w.run()
		read.want(t, 5, nil)
		wrote.want(t, 5, nil)
		if got := string(buf[:5]); got != "hello" {
			t.Errorf("read %q", got)
		}
		if a.Proactor() != w.Proactor {
			t.Error("Proactor() is another one")
		}
	})
}

// random returns n bytes that differ from those of another seed.
func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0] = byte(seed)
	rand.NewChaCha8(key).Read(b)
	return b
}

// TestFullDuplex sends much in both directions at once.
func TestFullDuplex(t *testing.T) {
	const size = 24 << 20
	there, back := random(1, size), random(2, size)
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var results [4]result
		atA, atB := make([]byte, size), make([]byte, size)
		ops.ReadFull(a, atA, &results[0])
		ops.ReadFull(b, atB, &results[1])
		ops.WriteFull(a, there, &results[2])
		ops.WriteFull(b, back, &results[3])
		w.run()
		for i := range results {
			results[i].want(t, size, nil)
		}
		if !bytes.Equal(atA, back) || !bytes.Equal(atB, there) {
			t.Error("what arrived is not what was sent")
		}
	})
}

// TestSmallParts moves a stream in parts of random sizes, so that reads end in
// all the ways they can: with less than there was room for, with just as much,
// and with the end of the stream right behind the data.
func TestSmallParts(t *testing.T) {
	const size = 1 << 20
	sent := random(3, size)
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		rest := sent
		var write, read func(int, error)
		write = func(_ int, err error) {
			if err != nil {
				t.Errorf("write: %v", err)
			}
			if len(rest) == 0 {
				b.Close()
				return
			}
			part := rest[:min(len(rest), 1+rand.IntN(20_000))]
			rest = rest[len(part):]
			ops.WriteFull(b, part, ops.HandlerFunc(write))
		}
		var got []byte
		buf := make([]byte, 30_000)
		var end error
		read = func(n int, err error) {
			got = append(got, buf[:n]...)
			if err != nil {
				end = err
				return
			}
			a.Read(buf[:1+rand.IntN(len(buf))], ops.HandlerFunc(read))
		}
		write(0, nil)
		read(0, nil)
		w.run()
		if end != io.EOF || !bytes.Equal(got, sent) {
			t.Errorf("read %d of %d bytes, and then %v; want all of them and EOF", len(got), size, end)
		}
	})
}

// TestQueued starts several reads and writes on one side.
func TestQueued(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		const n = 10
		var reads, writes [n]result
		bufs := make([]byte, n)
		for i := range n {
			a.Read(bufs[i:i+1], &reads[i])
		}
		for i := range n {
			b.Write([]byte{byte('a' + i)}, &writes[i])
		}
		w.run()
		for i := range n {
			reads[i].want(t, 1, nil)
			writes[i].want(t, 1, nil)
		}
		if got := string(bufs); got != "abcdefghij" {
			t.Errorf("the reads got %q in the order they were started, want abcdefghij", got)
		}
	})
}

func TestZeroBytes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var results [4]result
		a.Read(nil, &results[0])
		a.Write([]byte{}, &results[1])
		ops.ReadFull(a, nil, &results[2])
		ops.WriteFull(a, nil, &results[3])
		for i := range results {
			results[i].later(t)
		}
		w.run()
		for i := range results {
			results[i].want(t, 0, nil)
		}

		// One behind a read that waits has its turn after it.
		var one, empty, posted, wrote result
		a.Read(make([]byte, 1), &one)
		a.Read(nil, &empty)
		ops.Post(w, &posted)
		w.await(&posted)
		empty.later(t)
		b.Write([]byte{1}, &wrote)
		w.run()
		one.want(t, 1, nil)
		empty.want(t, 0, nil)
	})
}

func TestHugeBuffer(t *testing.T) {
	const size = 64 << 20
	huge := make([]byte, size)
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var read, wrote result
		clear(huge[:3])
		a.Read(huge, &read)
		b.Write([]byte("abc"), &wrote)
		w.run()
		read.want(t, 3, nil)
		if got := string(huge[:3]); got != "abc" {
			t.Errorf("read %q", got)
		}

		// A write that cannot be taken as a whole, and a peer that takes a
		// part and hangs up: the handler is told one of the two.
		var big, closed result
		ops.WriteFull(b, huge, &big)
		a.Read(make([]byte, 1<<20), &closed)
		closed.then = func() { a.Close() }
		w.run()
		if big.calls != 1 || big.n >= size || big.err == nil {
			t.Errorf("a WriteFull whose peer has hung up: %d calls, last with (%d, %v)", big.calls, big.n, big.err)
		}
	})
}

func TestHalfClose(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var wrote, read, end result
		ops.WriteFull(a, []byte("question"), &wrote)
		w.run()
		if err := a.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 8)
		ops.ReadFull(b, buf, &read)
		b.Read(make([]byte, 1), &end)
		w.run()
		read.want(t, 8, nil)
		end.want(t, 0, io.EOF)

		var answered, answer, late result
		ops.WriteFull(b, []byte("answer"), &answered)
		ops.ReadFull(a, buf[:6], &answer)
		w.run()
		answered.want(t, 6, nil)
		answer.want(t, 6, nil)
		a.Write([]byte("x"), &late)
		w.run()
		late.want(t, 0, syscall.EPIPE)
		a.Close()
		if err := a.CloseWrite(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("CloseWrite of a closed Conn: %v", err)
		}
	})
}

func TestEndOfStream(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, peer := w.peer()
		var before, after, part result
		a.Read(make([]byte, 1), &before) // waits when the end comes
		ops.Post(w, ops.HandlerFunc(func(int, error) { peer.Close() }))
		w.run()
		before.want(t, 0, io.EOF)
		a.Read(make([]byte, 1), &after)
		w.run()
		after.want(t, 0, io.EOF)

		b, peer := w.peer()
		peer.Write([]byte("half"))
		peer.Close()
		ops.ReadFull(b, make([]byte, 8), &part)
		w.run()
		part.want(t, 4, io.ErrUnexpectedEOF)
	})
}

func TestReset(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		for _, waits := range []bool{false, true} {
			a, peer := w.peer()
			reset := func() {
				peer.SetLinger(0)
				peer.Close()
			}
			var read result
			if waits {
				a.Read(make([]byte, 1), &read)
				ops.Post(w, ops.HandlerFunc(func(int, error) { reset() }))
			} else {
				reset()
				a.Read(make([]byte, 1), &read)
			}
			w.run()
			read.want(t, 0, syscall.ECONNRESET)
			if err := a.Close(); err != nil {
				t.Errorf("Close after a reset: %v", err)
			}
		}
	})
}

func TestClosedConn(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		var outstanding, queued, written result
		a.Read(make([]byte, 1), &outstanding)
		a.Read(make([]byte, 1), &queued)
		ops.WriteFull(a, make([]byte, 64<<20), &written)
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			if err := a.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}))
		w.run()
		outstanding.want(t, 0, net.ErrClosed)
		queued.want(t, 0, net.ErrClosed)
		if written.calls != 1 || !errors.Is(written.err, net.ErrClosed) {
			t.Errorf("WriteFull: %d calls, last with (%d, %v)", written.calls, written.n, written.err)
		}

		var later [4]result
		a.Read(make([]byte, 1), &later[0])
		a.Write(make([]byte, 1), &later[1])
		ops.ReadFull(a, make([]byte, 1), &later[2])
		a.Read(nil, &later[3])
		for i := range later {
			later[i].later(t)
		}
		w.run()
		for i := range later {
			later[i].want(t, 0, net.ErrClosed)
		}
		if err := a.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the second Close: %v, want %v", err, net.ErrClosed)
		}
		if a.LocalAddr() != nil || a.RemoteAddr() != nil {
			t.Error("a closed Conn has addresses")
		}
		a.Cancel() // does nothing
		if b.RemoteAddr() == nil {
			t.Error("the other end is closed as well")
		}
	})
}

// TestReuse opens a pair of Conns again and again. What was left from one life
// of a Conn, such as a deadline or an event, must not reach the next.
func TestReuse(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		var a, b platform.Conn
		for i := range 50 {
			w.join(&a, &b)
			var read, wrote, left result
			buf := make([]byte, 3)
			ops.ReadFull(&a, buf, &read)
			ops.WriteFull(&b, []byte("abc"), &wrote)
			w.run()
			read.want(t, 3, nil)
			wrote.want(t, 3, nil)
			switch i % 3 {
			case 0:
				a.Read(buf, &left)
			case 1:
				a.Read(buf, &left)
				a.Cancel()
			case 2:
				b.Write(buf, &left)
			}
			a.Close()
			b.Close()
			w.run()
			if left.calls != 1 {
				t.Fatalf("round %d: what was left was told %d times", i, left.calls)
			}
		}
	})
}

func TestInUse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		a, _ := w.pair()
		var open [2]result
		l.Accept(a, &open[0])
		w.Connect(a, "tcp", address, &open[1])
		open[0].later(t)
		w.run()
		open[0].want(t, 0, platform.ErrInUse)
		open[1].want(t, 0, platform.ErrInUse)

		// One that an accept is to open.
		var c, d platform.Conn
		var accepted, connected result
		var opening [2]result
		l.Accept(&c, &accepted)
		l.Accept(&c, &opening[0])
		w.Connect(&c, "tcp", address, &opening[1])
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Close of a Conn that an accept is to open: %v, want %v", err, net.ErrClosed)
		}
		var early result
		c.Read(make([]byte, 1), &early)
		w.Connect(&d, "tcp", address, &connected)
		w.run()
		opening[0].want(t, 0, platform.ErrInUse)
		opening[1].want(t, 0, platform.ErrInUse)
		early.want(t, 0, syscall.ENOTCONN)
		accepted.want(t, 0, nil)
		connected.want(t, 0, nil)
		if c.RemoteAddr().String() != d.LocalAddr().String() {
			t.Errorf("accepted %v, want %v", c.RemoteAddr(), d.LocalAddr())
		}
		w.run()
	})
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		each(t, func(t *testing.T, w *world) {
			l, err := w.Listen("tcp", address)
			if err != nil {
				t.Skipf("no %s on this machine: %v", address, err)
			}
			port := l.Addr().(*net.TCPAddr).AddrPort().Port()
			to := l.Addr().String()
			if address == ":0" {
				to = fmt.Sprintf("localhost:%d", port)
			}
			var a, b platform.Conn
			var accepted, connected result
			l.Accept(&a, &accepted)
			w.Connect(&b, "tcp", to, &connected)
			w.run()
			accepted.want(t, 0, nil)
			connected.want(t, 0, nil)
			for _, c := range []struct{ local, remote *platform.Conn }{{&a, &b}, {&b, &a}} {
				local, remote := c.local.LocalAddr().String(), c.remote.RemoteAddr().String()
				if local != remote {
					t.Errorf("local address %s, and %s for the peer", local, remote)
				}
			}
			if got := a.LocalAddr().(*net.TCPAddr).AddrPort().Port(); got != port {
				t.Errorf("the accepted end has port %d, want the listener's %d", got, port)
			}
			l.Close()
			if l.Addr() != nil {
				t.Error("a closed listener has an address")
			}
		})
	}
}

// TestBadAddress connects one Conn to what cannot be connected to, and then to
// a listener.
func TestBadAddress(t *testing.T) {
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing.Close()
	each(t, func(t *testing.T, w *world) {
		var c, d platform.Conn
		for _, bad := range []struct {
			network, address string
			is               error
		}{
			{"udp", "127.0.0.1:1", nil},
			{"", "127.0.0.1:1", nil},
			{"tcp", "", nil},
			{"tcp", "127.0.0.1", nil},
			{"tcp", "127.0.0.1:", nil},
			{"tcp", "127.0.0.1:65536", nil},
			{"tcp", "127.0.0.1:-1", nil},
			{"tcp", "example.com:80", nil},
			{"tcp4", "[::1]:80", nil},
			{"tcp6", "127.0.0.1:80", nil},
			{"tcp", refusing.Addr().String(), syscall.ECONNREFUSED},
		} {
			var r result
			w.Connect(&c, bad.network, bad.address, &r)
			r.later(t)
			w.run()
			if r.calls != 1 || r.n != 0 || r.err == nil || bad.is != nil && !errors.Is(r.err, bad.is) {
				t.Errorf("Connect %s %q: %d calls, last with (%d, %v); want one with (0, %v)", bad.network, bad.address, r.calls, r.n, r.err, bad.is)
			}
		}
		for _, bad := range [][2]string{{"udp", "127.0.0.1:0"}, {"unixpacket", "x"}, {"tcp", "127.0.0.1:99999"}, {"tcp", "no port"}, {"tcp4", "[::1]:0"}} {
			if l, err := w.Listen(bad[0], bad[1]); err == nil {
				l.Close()
				t.Errorf("Listen %s %q: no error", bad[0], bad[1])
			}
		}
		w.join(&c, &d)
	})
}

// TestConnsApart uses many connections at once, each with its own chain.
func TestConnsApart(t *testing.T) {
	const conns, rounds = 64, 30
	eachAndFakes(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		var finished atomic.Int64
		for range conns {
			server, client := new(platform.Conn), new(platform.Conn)
			l.Accept(server, ops.HandlerFunc(func(_ int, err error) {
				if err != nil {
					t.Errorf("accept: %v", err)
					return
				}
				buf := make([]byte, 64)
				var read func(int, error)
				written := func(_ int, err error) {
					if err != nil {
						t.Errorf("the echo: %v", err)
					}
					server.Read(buf, ops.HandlerFunc(read))
				}
				read = func(n int, err error) {
					if err == io.EOF {
						server.Close()
						return
					}
					ops.WriteFull(server, buf[:n], ops.HandlerFunc(written))
				}
				written(0, nil)
			}))
			w.Connect(client, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
				out, in := []byte("0123456789"), make([]byte, 10)
				round := 0
				var next func(int, error)
				next = func(_ int, err error) {
					if err != nil || round > 0 && !bytes.Equal(in, out) {
						t.Errorf("round %d: %q came back (%v)", round, in, err)
					}
					if round++; round > rounds || err != nil {
						client.Close()
						finished.Add(1)
						return
					}
					out[0] = byte(round)
					ops.WriteFull(client, out, ops.HandlerFunc(func(int, error) {
						ops.ReadFull(client, in, ops.HandlerFunc(next))
					}))
				}
				next(0, err)
			}))
		}
		w.run()
		if n := finished.Load(); n != conns {
			t.Errorf("%d of %d connections ended well", n, conns)
		}
	})
}

// What a handler has started reaches the kernel although it stops the proactor.
func TestWriteThenStop(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		var sent result
		hold := w.Hold()
		defer hold.Release()
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			c.Write([]byte("bye"), &sent)
			w.Stop()
		}))
		w.run()
		b := make([]byte, 3)
		if _, err := io.ReadFull(peer, b); err != nil || string(b) != "bye" {
			t.Errorf("the peer has read %q, %v", b, err)
		}
	})
}
