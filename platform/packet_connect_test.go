package platform_test

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

func (w *world) connectPacket(network, address string) *platform.PacketConn {
	w.t.Helper()
	c, err := w.ConnectPacket(network, address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	return c
}

func TestConnectedPackets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, at := range []struct{ network, address string }{
			{"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}, {"udp", "127.0.0.1:0"}, {"udp", "[::1]:0"},
		} {
			peer, stranger := w.packets(at.network, at.address), w.packets(at.network, at.address)
			c := w.connectPacket(at.network, peer.LocalAddr().String())
			if c.RemoteAddr().String() != peer.LocalAddr().String() || peer.RemoteAddr() != nil {
				t.Errorf("%v: connected to %v, and the peer to %v", at, c.RemoteAddr(), peer.RemoteAddr())
			}
			var wrote, got, ignored, answered, read result
			var from netip.AddrPort
			buf := make([]byte, 8)
			ops.Write(c, []byte("ask"), &wrote)
			peer.ReadFrom(buf, &from, &got)
			wrote.later(t)
			w.await(&wrote, &got)
			wrote.want(t, 3, nil)
			got.want(t, 3, nil)
			if from != addrOf(c) || string(buf[:3]) != "ask" {
				t.Errorf("%v: %q from %v, want ask from %v", at, buf[:3], from, addrOf(c))
			}
			stranger.WriteTo([]byte("strange"), from, &ignored)
			w.await(&ignored)
			peer.WriteTo([]byte("answer"), from, &answered)
			ops.Read(c, buf, &read)
			w.await(&answered, &read)
			read.want(t, 6, nil)
			if string(buf[:6]) != "answer" {
				t.Errorf("%v: read %q, want what the peer has sent", at, buf[:read.n])
			}

			// An empty packet is no end.
			var empty, none, next, last result
			peer.WriteTo(nil, from, &empty)
			c.Read(buf, &none)
			w.await(&empty, &none)
			none.want(t, 0, nil)
			// And to another peer.
			if err := c.Connect(addrOf(stranger)); err != nil {
				t.Fatal(err)
			}
			c.Write([]byte("hi"), &next)
			stranger.ReadFrom(buf, nil, &last)
			w.await(&next, &last)
			last.want(t, 2, nil)
			peer.Close()
			stranger.Close()
		}
	})
}

// senders is a layer that counts the reads of packets that would tell the program who has
// sent them.
type senders struct {
	backend.Backend
	asked *atomic.Int32
}

func (l senders) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindReadFrom && op.Arg != nil {
		l.asked.Add(1)
	}
	return l.Backend.Start(s, op)
}

// TestPacketsGoRound has one operation read and write packets in turn, and nobody asks for
// their senders: what it has kept for a write is no place for the address of the next one.
func TestPacketsGoRound(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			var asked atomic.Int32
			w := m.open(t, platform.WithLayer(func(below backend.Backend) backend.Backend {
				return senders{below, &asked}
			}))
			peer := w.packets("udp4", "127.0.0.1:0")
			c := w.connectPacket("udp4", peer.LocalAddr().String())
			var copier ops.Copier
			var over result
			copier.Copy(c, c, make([]byte, 8), &over)
			buf := make([]byte, 8)
			for _, text := range []string{"a", "bc", "def"} {
				var sent, got result
				peer.WriteTo([]byte(text), addrOf(c), &sent)
				w.await(&sent)
				peer.ReadFrom(buf, nil, &got)
				w.await(&got)
				if string(buf[:got.n]) != text {
					t.Errorf("%q came back as %q", text, buf[:got.n])
				}
			}
			c.Close()
			w.await(&over)
			over.want(t, 6, net.ErrClosed)
			if n := asked.Load(); n != 0 {
				t.Errorf("reads asked for a sender %d times", n)
			}
		})
	}
}

// TestConnectedPacketRefused sends to a port that nobody has: what comes next is told,
// and the socket still works.
func TestConnectedPacketRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		gone := w.packets("udp4", "127.0.0.1:0")
		c := w.connectPacket("udp4", gone.LocalAddr().String())
		address := gone.LocalAddr().String()
		gone.Close()
		var wrote, read, batch result
		c.Write([]byte{1}, &wrote)
		w.await(&wrote)
		wrote.want(t, 1, nil)
		c.Read(make([]byte, 1), &read)
		w.await(&read)
		read.want(t, 0, syscall.ECONNREFUSED)

		wrote = result{}
		c.ReadBatch([]platform.Packet{{Buf: make([]byte, 1)}}, &batch) // waits
		c.Write([]byte{1}, &wrote)
		w.await(&wrote, &batch)
		batch.want(t, 0, syscall.ECONNREFUSED)

		again := w.packets("udp4", address)
		var got, sent result
		c.Write([]byte{1, 2}, &sent)
		again.ReadFrom(make([]byte, 2), nil, &got)
		w.await(&sent, &got)
		got.want(t, 2, nil)
	})
}

func TestConnectPacketErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.packets("udp4", "127.0.0.1:0")
		var r result
		c.Write([]byte{1}, &r)
		w.await(&r)
		r.want(t, 0, syscall.EDESTADDRREQ)
		for says, to := range map[string]netip.AddrPort{
			"no address": {}, "": netip.MustParseAddrPort("[::1]:9"), // of the other family
		} {
			var wrong *net.AddrError
			if err := c.Connect(to); !errors.As(err, &wrong) || !strings.Contains(wrong.Err, says) {
				t.Errorf("Connect to %v: %v, want one that says %q", to, err, says)
			}
		}
		c.Close()
		if err := c.Connect(netip.MustParseAddrPort("127.0.0.1:9")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Connect of a closed socket: %v", err)
		}
		if c.RemoteAddr() != nil {
			t.Error("a closed PacketConn has a peer")
		}
		for _, bad := range [][2]string{{"tcp", "127.0.0.1:9"}, {"", ""}, {"udp", "a name:9"}, {"udp4", "[::1]:9"}, {"udp", "127.0.0.1"}} {
			if _, err := w.ConnectPacket(bad[0], bad[1]); err == nil {
				t.Errorf("ConnectPacket(%q, %q) succeeded", bad[0], bad[1])
			}
		}
	})
}
