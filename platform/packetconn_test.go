package platform_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func (w *world) packets(network, address string) *platform.PacketConn {
	w.t.Helper()
	c, err := w.ListenPacket(network, address)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func addrOf(c *platform.PacketConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

func TestPackets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, at := range []struct{ network, address string }{
			{"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}, {"udp", "127.0.0.1:0"},
		} {
			a, b := w.packets(at.network, at.address), w.packets(at.network, at.address)
			for _, test := range []struct {
				name   string
				packet string
				want   string
				err    error
			}{
				{"fits", "abcd", "abcd", nil},
				{"is shorter", "ab", "ab", nil},
				{"is empty", "", "", nil},
				{"is longer than the buffer", "abcdef", "abcd", io.ErrShortBuffer},
			} {
				var from netip.AddrPort
				var read, wrote result
				buf := make([]byte, 4)
				a.ReadFrom(buf, &from, &read)
				b.WriteTo([]byte(test.packet), addrOf(a), &wrote)
				read.later(t)
				wrote.later(t)
				w.run()
				wrote.want(t, len(test.packet), nil)
				read.want(t, len(test.want), test.err)
				if string(buf[:read.n]) != test.want || from != addrOf(b) {
					t.Errorf("%v, a packet that %s: %q from %v, want %q from %v",
						at, test.name, buf[:read.n], from, test.want, addrOf(b))
				}
			}
			a.Close()
			b.Close()
		}
	})
}

func TestPacketsInOrderAndWithoutSender(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
		var read [3]result
		var buf [3][1]byte
		for i := range read {
			a.ReadFrom(buf[i][:], nil, &read[i])
		}
		var wrote [3]result
		for i := range wrote {
			b.WriteTo([]byte{byte(i)}, addrOf(a), &wrote[i])
		}
		w.run()
		for i := range read {
			read[i].want(t, 1, nil)
			if buf[i][0] != byte(i) {
				t.Errorf("packet %d was read by operation %d", buf[i][0], i)
			}
		}
	})
}

func TestPacketErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.packets("udp4", "127.0.0.1:0")
		big := bytes.Repeat([]byte{1}, 70_000)
		for name, send := range map[string]func(h ops.Handler){
			"to nowhere":            func(h ops.Handler) { a.WriteTo([]byte{1}, netip.AddrPort{}, h) },
			"to the other family":   func(h ops.Handler) { a.WriteTo([]byte{1}, netip.MustParseAddrPort("[::1]:9"), h) },
			"larger than UDP takes": func(h ops.Handler) { a.WriteTo(big, addrOf(a), h) },
		} {
			var r result
			send(&r)
			r.later(t)
			w.run()
			if r.calls != 1 || r.n != 0 || r.err == nil {
				t.Errorf("%s: %d calls, last with (%d, %v)", name, r.calls, r.n, r.err)
			}
		}

		var slot ops.CancelSlot
		var canceled, all, late, closed, after result
		buf := make([]byte, 1)
		a.ReadFrom(buf, nil, ops.WithCancelSlot(&canceled, &slot))
		slot.Cancel()
		w.run()
		canceled.want(t, 0, ops.ErrCanceled)
		a.ReadFrom(buf, nil, &all)
		a.Cancel()
		w.run()
		all.want(t, 0, ops.ErrCanceled)
		a.ReadFrom(buf, nil, ops.WithTimeout(&late, time.Millisecond))
		w.run()
		late.want(t, 0, os.ErrDeadlineExceeded)
		a.ReadFrom(buf, nil, &closed)
		a.Close()
		w.run()
		closed.want(t, 0, net.ErrClosed)
		a.ReadFrom(buf, nil, &after)
		w.run()
		after.want(t, 0, net.ErrClosed)
		if a.LocalAddr() != nil || !errors.Is(a.Close(), net.ErrClosed) {
			t.Error("a closed PacketConn has an address, or closes again")
		}
	})
	for _, network := range []string{"tcp", "unixgram", "", "udp5"} {
		p := mode{backend: platform.Backends()[0]}.open(t)
		if _, err := p.ListenPacket(network, "127.0.0.1:0"); err == nil {
			t.Errorf("ListenPacket(%q) succeeded", network)
		}
	}
}

// A packet socket of a network that there is not is none.
func TestListenPacketNetwork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, network := range []string{"", "tcp", "udp5"} {
			var unknown net.UnknownNetworkError
			c, err := w.ListenPacket(network, "127.0.0.1:0")
			if c != nil || !errors.As(err, &unknown) || string(unknown) != network {
				t.Errorf("%q: %v, %v; want that the network is unknown", network, c, err)
			}
		}
	})
}
