package platform_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// rooms returns packets to read into.
func rooms(n, size int) []platform.Packet {
	packets := make([]platform.Packet, n)
	for i := range packets {
		packets[i].Buf = make([]byte, size)
	}
	return packets
}

// atOnce is how many of n packets that are there a backend reads with one operation.
func (w *world) atOnce(n int) int {
	if w.backend == "portable" {
		return 1
	}
	return min(n, 64)
}

func TestBatch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
		const n = 100
		out := make([]platform.Packet, n)
		for i := range out {
			out[i] = platform.Packet{Buf: fmt.Appendf(nil, "%0*d", i%9, i%9), Peer: addrOf(a)}
		}
		var wrote result
		for rest := out; len(rest) > 0; rest = rest[wrote.n:] {
			wrote = result{}
			b.WriteBatch(rest, &wrote)
			wrote.later(t)
			w.await(&wrote)
			if wrote.err != nil || wrote.n < 1 || wrote.n > len(rest) {
				t.Fatalf("wrote %d of %d: %v", wrote.n, len(rest), wrote.err)
			}
		}
		in := rooms(n+1, 6)
		for got := 0; got < n; {
			var read result
			a.ReadBatch(in[got:], &read)
			read.later(t)
			w.await(&read)
			read.want(t, w.atOnce(n-got), nil)
			got += read.n
		}
		for i, p := range in[:n] {
			want := out[i].Buf
			if out[i].N != len(want) {
				t.Errorf("packet %d: %d bytes sent, want %d", i, out[i].N, len(want))
			}
			cut := len(want) > 6
			want = want[:min(len(want), 6)]
			if !bytes.Equal(p.Buf[:p.N], want) || p.Truncated != cut || p.Peer != addrOf(b) {
				t.Errorf("packet %d: %q, truncated: %v, from %v; want %q, %v, %v", i, p.Buf[:p.N], p.Truncated, p.Peer, want, cut, addrOf(b))
			}
			if p.Local.IsValid() || p.Interface != 0 || p.ECN != 0 {
				t.Errorf("packet %d says more than was asked for: %+v", i, p)
			}
		}
		if in[n].N != 0 || len(in[n].Buf) != 6 {
			t.Errorf("a packet that was not read has become %+v", in[n])
		}

		// A batch that has to wait, one behind another, and one with no room.
		var first, second, nothing, sent [1]result
		one, two := rooms(3, 4), rooms(3, 4)
		a.ReadBatch(one, &first[0])
		a.ReadBatch(two, &second[0])
		a.ReadBatch(nil, &nothing[0])
		b.WriteBatch(nil, &sent[0])
		w.await(&sent[0])
		sent[0].want(t, 0, nil)
		sent[0] = result{}
		b.WriteTo([]byte("1"), addrOf(a), &sent[0])
		w.await(&sent[0], &first[0])
		first[0].want(t, 1, nil)
		second[0].later(t)
		b.WriteTo([]byte("22"), addrOf(a), &result{})
		w.await(&second[0], &nothing[0])
		second[0].want(t, 1, nil)
		nothing[0].want(t, 0, nil)
		if one[0].N != 1 || two[0].N != 2 {
			t.Errorf("packets of %d and %d bytes, want 1 and 2", one[0].N, two[0].N)
		}
	})
}

func TestBatchErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.packets("udp4", "127.0.0.1:0")
		good := platform.Packet{Buf: []byte{1}, Peer: addrOf(a)}
		large := platform.Packet{Buf: make([]byte, 70_000), Peer: addrOf(a)}
		nowhere := platform.Packet{Buf: []byte{1}}
		family := platform.Packet{Buf: []byte{1}, Peer: netip.MustParseAddrPort("[::1]:9")}
		for _, test := range []struct {
			name    string
			packets []platform.Packet
			n       int
			err     error
		}{
			{"too large", []platform.Packet{large, good}, 0, errTooLong},
			{"too large later", []platform.Packet{good, large, good}, 1, nil},
			{"nowhere", []platform.Packet{nowhere, good}, 0, errNowhere},
			{"nowhere later", []platform.Packet{good, nowhere, good}, 1, nil},
			{"other family later", []platform.Packet{good, good, family}, 2, nil},
			{"ECN", []platform.Packet{good, {Buf: []byte{1}, Peer: addrOf(a), ECN: 4}}, 0, syscall.EINVAL},
			{"interface", []platform.Packet{{Buf: []byte{1}, Peer: addrOf(a), Interface: -1}}, 0, syscall.EINVAL},
		} {
			var r result
			a.WriteBatch(test.packets, &r)
			r.later(t)
			w.await(&r)
			if r.n != test.n || test.err != nil && r.calls != 1 || test.err == nil && r.err != nil {
				t.Errorf("%s: (%d, %v)", test.name, r.n, r.err)
			}
			if test.err != nil {
				r.want(t, test.n, test.err)
			}
		}
		var r result
		a.WriteBatch([]platform.Packet{family}, &r)
		w.await(&r)
		if _, ok := r.err.(*net.AddrError); r.n != 0 || r.err == nil || w.backend != "portable" && !ok {
			t.Errorf("to the other family: (%d, %v)", r.n, r.err)
		}

		for got := 0; got < 4; {
			var r result
			a.ReadBatch(rooms(4, 1), &r)
			w.await(&r)
			got += r.n
		}
		var slot ops.CancelSlot
		var canceled, all, late, closed, after result
		in := rooms(2, 1)
		a.ReadBatch(in, ops.WithCancelSlot(&canceled, &slot))
		slot.Cancel()
		w.await(&canceled)
		canceled.want(t, 0, ops.ErrCanceled)
		a.ReadBatch(in, &all)
		a.Cancel()
		w.await(&all)
		all.want(t, 0, ops.ErrCanceled)
		a.ReadBatch(in, ops.WithTimeout(&late, time.Millisecond))
		w.await(&late)
		late.want(t, 0, os.ErrDeadlineExceeded)
		a.ReadBatch(in, &closed)
		a.Close()
		w.await(&closed)
		closed.want(t, 0, net.ErrClosed)
		a.WriteBatch(in, &after)
		w.await(&after)
		after.want(t, 0, net.ErrClosed)
	})
}

// TestPacketInfo sends with a source address, an interface and ECN, and reads what comes.
func TestPacketInfo(t *testing.T) {
	lo := loopbackInterface(t)
	each(t, func(t *testing.T, w *world) {
		for _, at := range []struct{ network, address, to, from string }{
			{"udp4", "0.0.0.0:0", "127.0.0.1", "127.0.0.2"},
			{"udp6", "[::]:0", "::1", "::1"},
			{"udp", "[::]:0", "127.0.0.1", "127.0.0.2"},
			{"udp", "[::]:0", "::1", "::1"},
		} {
			a, b := w.packets(at.network, at.address), w.packets(at.network, at.address)
			err := a.EnablePacketInfo()
			if runtime.GOOS != "linux" {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			to, from := netip.MustParseAddr(at.to), netip.MustParseAddr(at.from)
			peer := netip.AddrPortFrom(to, addrOf(a).Port())
			out := []platform.Packet{
				{Buf: []byte("plain"), Peer: peer},
				{Buf: []byte("ecn"), Peer: peer, ECN: 2},
				{Buf: []byte("from"), Peer: peer, Local: from, Interface: lo.Index, ECN: 3},
				{Buf: []byte("by"), Peer: peer, Interface: lo.Index},
			}
			var wrote result
			b.WriteBatch(out, &wrote)
			w.await(&wrote)
			wrote.want(t, len(out), nil)
			var got []platform.Packet
			for len(got) < len(out) {
				var read result
				in := rooms(4, 5)
				a.ReadBatch(in, &read)
				w.await(&read)
				if read.err != nil {
					t.Fatal(read.err)
				}
				got = append(got, in[:read.n]...)
			}
			sender := netip.AddrPortFrom(to, addrOf(b).Port())
			for i, p := range got {
				want := out[i]
				want.N, want.Peer, want.Local, want.Interface = len(want.Buf), sender, to, lo.Index
				if i == 2 {
					want.Peer = netip.AddrPortFrom(from, sender.Port())
				}
				p.Buf = p.Buf[:p.N]
				if !slices.Equal(p.Buf, want.Buf) || fmt.Sprintf("%+v", p) != fmt.Sprintf("%+v", want) {
					t.Errorf("%v: %+v, want %+v", at, p, want)
				}
			}

			var wrong result
			b.WriteBatch([]platform.Packet{{Buf: []byte{1}, Peer: peer, Local: netip.MustParseAddr("203.0.113.7")}}, &wrong)
			w.await(&wrong)
			if wrong.n != 0 || wrong.err == nil {
				t.Errorf("%v, from an address that is not this host's: (%d, %v)", at, wrong.n, wrong.err)
			}
			// On a connected socket, without an address.
			c := w.connectPacket(at.network, peer.String())
			wrote = result{}
			c.WriteBatch([]platform.Packet{{Buf: []byte("c"), ECN: 1}}, &wrote)
			in := rooms(1, 1)
			var read result
			a.ReadBatch(in, &read)
			w.await(&wrote, &read)
			wrote.want(t, 1, nil)
			if in[0].ECN != 1 || in[0].Peer.Port() != addrOf(c).Port() {
				t.Errorf("%v, connected: %+v, want ECN 1", at, in[0])
			}
			a.Close()
			b.Close()
		}
	})
}

// loopbackInterface returns the interface of this host's own addresses.
func loopbackInterface(t *testing.T) *net.Interface {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if all[i].Flags&net.FlagLoopback != 0 {
			return &all[i]
		}
	}
	t.Skip("no loopback interface")
	return nil
}
