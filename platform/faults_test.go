package platform_test

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// What peers and the system do to sockets, on every backend.

// TestAcceptReset has clients reset their connections before they are accepted. That
// harms neither the listener nor the clients that come with them.
func TestAcceptReset(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		const clients = 6
		l := w.listen("tcp", "127.0.0.1:0")
		waiting := make(map[string]bool)
		for i := range clients {
			peer, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				peer.(*net.TCPConn).SetLinger(0)
				peer.Close()
				continue
			}
			defer peer.Close()
			waiting[peer.LocalAddr().String()] = true
		}
		for range clients {
			var c platform.Conn
			var told result
			l.Accept(&c, &told)
			w.await(&told)
			told.want(t, 0, nil)
			if peer := c.RemoteAddr(); peer != nil {
				delete(waiting, peer.String())
			}
			c.Close()
			if len(waiting) == 0 {
				break
			}
		}
		for peer := range waiting {
			t.Errorf("%s was not accepted", peer)
		}
		l.Close()
	})
}

// TestCancelRaces has one read after the other cancelled while its byte arrives: it ends
// once, and the byte is not lost.
func TestCancelRaces(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 1000
	}
	eachAndFakes(t, func(t *testing.T, w *world) {
		a, peer := w.peer()
		var slot ops.CancelSlot
		cancel := make(chan struct{})
		defer close(cancel)
		go func() {
			for range cancel {
				slot.Cancel()
			}
		}()
		buf := make([]byte, 1)
		got, canceled := 0, 0
		var h ops.Handler
		read := func() {
			next := []byte{byte(got)}
			a.Read(buf, h)
			if w.runners == 0 { // only the runner may cancel
				peer.Write(next)
				slot.Cancel()
				return
			}
			cancel <- struct{}{}
			peer.Write(next)
		}
		h = ops.WithCancelSlot(ops.HandlerFunc(func(n int, err error) {
			switch {
			case err == ops.ErrCanceled && n == 0:
				canceled++
				a.Read(buf, ops.HandlerFunc(func(n int, err error) {
					if n != 1 || err != nil || buf[0] != byte(got) {
						t.Errorf("the read after round %d: (%d, %v) and the byte %d", got, n, err, buf[0])
						return
					}
					if got++; got < rounds {
						read()
					}
				}))
				return
			case err != nil || n != 1 || buf[0] != byte(got):
				t.Errorf("round %d: (%d, %v) and the byte %d", got, n, err, buf[0])
				return
			}
			if got++; got < rounds {
				read()
			}
		}), &slot)
		ops.Post(w, ops.HandlerFunc(func(int, error) { read() }))
		w.run()
		if got != rounds {
			t.Errorf("%d of %d bytes arrived", got, rounds)
		}
		t.Logf("%d of %d reads were cancelled", canceled, rounds)
	})
}

// TestManyAtOnce has more reads end between two polls than any backend takes at once.
func TestManyAtOnce(t *testing.T) {
	const conns = 300
	eachAndFakes(t, func(t *testing.T, w *world) {
		var ends []*platform.Conn
		reads := make([]*result, conns)
		for i := range reads {
			a, b := w.pair()
			ends = append(ends, b)
			reads[i] = new(result)
			a.Read(make([]byte, 1), reads[i])
			defer a.Close()
			defer b.Close()
		}
		writes := make([]result, conns)
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			for i, b := range ends {
				b.Write([]byte{1}, &writes[i])
			}
		}))
		w.await(reads...)
		for _, r := range reads {
			r.want(t, 1, nil)
		}
		w.run()
	})
}

// TestPacketsTooLong: every second packet is longer than its buffer, and was
// there before it was read, or comes later. None is lost, nor told twice.
func TestPacketsTooLong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
		defer a.Close()
		defer b.Close()
		for i := range 100 {
			packet, want, err := []byte{byte(i), 2, 3}, 2, io.ErrShortBuffer
			if i%2 == 1 {
				packet, want, err = packet[:2], 2, nil
			}
			var read, wrote result
			buf := make([]byte, 2)
			if i%4 < 2 {
				a.ReadFrom(buf, nil, &read)
				b.WriteTo(packet, addrOf(a), &wrote)
			} else {
				b.WriteTo(packet, addrOf(a), &wrote)
				w.await(&wrote)
				a.ReadFrom(buf, nil, &read)
			}
			w.await(&wrote, &read)
			wrote.want(t, len(packet), nil)
			read.want(t, want, err)
			if buf[0] != byte(i) {
				t.Fatalf("packet %d comes as %d", i, buf[0])
			}
		}
	})
}

// TestPacketToNobody sends to a port that nobody has, from a socket that is not connected:
// what it reads next has nothing to do with that.
func TestPacketToNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		gone := w.packets("udp4", "127.0.0.1:0")
		nobody := addrOf(gone)
		gone.Close()
		a, b := w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
		defer a.Close()
		defer b.Close()
		for range 10 {
			var lost, wrote, read result
			a.WriteTo([]byte{1}, nobody, &lost)
			w.await(&lost)
			lost.want(t, 1, nil)
			a.ReadFrom(make([]byte, 1), nil, &read)
			b.WriteTo([]byte{2}, addrOf(a), &wrote)
			w.await(&wrote, &read)
			read.want(t, 1, nil)
		}
	})
}

// TestFamilies mixes the address families: a socket without an address does both, and one
// of a family refuses the other by an error.
func TestFamilies(t *testing.T) {
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here: ", err)
	} else {
		l.Close()
	}
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", ":0")
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		for _, host := range []string{"127.0.0.1", "::1", "0.0.0.0", "::"} {
			var a, b platform.Conn
			var accepted, connected result
			l.Accept(&a, &accepted)
			w.Connect(&b, "tcp", net.JoinHostPort(host, port), &connected)
			w.await(&accepted, &connected)
			accepted.want(t, 0, nil)
			connected.want(t, 0, nil)
			if got, want := a.RemoteAddr().String(), b.LocalAddr().String(); got != want {
				t.Errorf("%s: a client at %s is seen at %s", host, want, got)
			}
			a.Close()
			b.Close()
		}
		both, six := w.packets("udp", ":0"), w.packets("udp6", "[::1]:0")
		defer both.Close()
		defer six.Close()
		for _, host := range []string{"127.0.0.1", "::1"} {
			var wrote, read result
			var from netip.AddrPort
			sender := w.packets("udp", net.JoinHostPort(host, "0"))
			both.ReadFrom(make([]byte, 1), &from, &read)
			sender.WriteTo([]byte{1}, netip.AddrPortFrom(netip.MustParseAddr(host), addrOf(both).Port()), &wrote)
			w.await(&wrote, &read)
			read.want(t, 1, nil)
			if from != addrOf(sender) {
				t.Errorf("a packet of %v comes from %v", addrOf(sender), from)
			}
			sender.Close()
		}
		for _, bad := range []struct{ network, address string }{{"tcp4", "[::1]:0"}, {"tcp6", "127.0.0.1:0"}} {
			if l, err := w.Listen(bad.network, bad.address); err == nil {
				l.Close()
				t.Errorf("listens by %s on %s", bad.network, bad.address)
			}
		}
		for _, bad := range []struct{ network, address string }{{"udp4", "[::1]:0"}, {"udp6", "127.0.0.1:0"}} {
			if c, err := w.ListenPacket(bad.network, bad.address); err == nil {
				c.Close()
				t.Errorf("opens a packet socket by %s on %s", bad.network, bad.address)
			}
		}
	})
}
