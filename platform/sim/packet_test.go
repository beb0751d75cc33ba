package sim_test

import (
	"io"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// exchange sends packets from one socket to another, one after the other, and
// returns those that arrive, in order.
func exchange(t *testing.T, w *world, packets ...string) (got []string) {
	t.Helper()
	from, to := w.packetConn("127.0.0.1:1001"), w.packetConn("127.0.0.1:1002")
	for _, p := range packets {
		var sent result
		from.WriteTo([]byte(p), netip.MustParseAddrPort("127.0.0.1:1002"), &sent)
		w.await(&sent)
		sent.want(t, "WriteTo", len(p), nil)
	}
	buf := make([]byte, 64)
	var next func()
	next = func() {
		r, sender := new(result), new(netip.AddrPort)
		r.then = func() {
			if r.err != nil {
				return
			}
			got = append(got, string(buf[:r.n]))
			if sender.String() != "127.0.0.1:1001" {
				t.Errorf("a packet from %v", sender)
			}
			next()
		}
		to.ReadFrom(buf, sender, r)
	}
	next()
	var pause result
	w.NewTimer().Wait(time.Second, &pause)
	w.await(&pause)
	w.finish()
	return got
}

func (w *world) packetConn(address string) *platform.PacketConn {
	w.t.Helper()
	c, err := w.ListenPacket("udp", address)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func TestPackets(t *testing.T) {
	for _, test := range []struct {
		name    string
		weather sim.Weather
		answers rare
		want    []string
	}{
		{name: "calm", want: []string{"a", "", "ccc"}},
		{name: "loss", weather: sim.Weather{Loss: 1}},
		{name: "duplicate", weather: sim.Weather{Duplicate: 1}, want: []string{"a", "a", "", "", "ccc", "ccc"}},
		{name: "disorder", weather: sim.Weather{Disorder: 1}, answers: rare{"how many": 9}, want: []string{"ccc", "", "a"}},
		{name: "disorder by one", weather: sim.Weather{Disorder: 1}, want: []string{"", "ccc", "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := exchange(t, open(t, test.answers, sim.WithWeather(test.weather)), "a", "", "ccc")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("packets (-want +got):\n%s", diff)
			}
		})
	}
}

// A socket keeps a limited number of packets.
func TestPacketsOverflow(t *testing.T) {
	many := slices.Repeat([]string{"x"}, 200)
	got := exchange(t, open(t, sim.Calm), many...)
	if len(got) == 0 || len(got) == len(many) {
		t.Errorf("%d of %d packets have arrived", len(got), len(many))
	}
}

func TestPacketTruncated(t *testing.T) {
	for _, size := range []int{0, 3} {
		w := open(t, sim.Calm)
		c := w.packetConn("127.0.0.1:0")
		buf := make([]byte, size)
		var read result
		c.ReadFrom(buf, nil, &read)
		self := netip.MustParseAddrPort(c.LocalAddr().String())
		c.WriteTo([]byte("long"), self, new(result))
		w.await(&read)
		read.want(t, "ReadFrom", size, io.ErrShortBuffer)
		if string(buf) != "long"[:size] {
			t.Errorf("read %q", buf)
		}
		w.finish()
	}
}

func TestPacketErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		weather sim.Weather
		to      netip.AddrPort
		size    int
		want    error // nil for any
	}{
		{name: "too long", to: netip.MustParseAddrPort("127.0.0.1:9"), size: 1 << 16, want: syscall.EMSGSIZE},
		{name: "no buffers", to: netip.MustParseAddrPort("127.0.0.1:9"), weather: sim.Weather{NoBuffers: 1}, want: syscall.ENOBUFS},
		{name: "no address"},
		{name: "wrong family", to: netip.MustParseAddrPort("[::1]:9")},
	} {
		w := open(t, sim.Calm, sim.WithWeather(test.weather))
		var sent result
		w.packetConn("127.0.0.1:0").WriteTo(make([]byte, test.size), test.to, &sent)
		w.await(&sent)
		if test.want == nil && sent.err == nil {
			t.Errorf("%s: WriteTo succeeds", test.name)
		} else if test.want != nil {
			sent.want(t, test.name, 0, test.want)
		}
		w.finish()
	}
}

// A packet to nobody is sent, and lost.
func TestPacketToNobody(t *testing.T) {
	w := open(t, sim.Calm)
	var sent result
	w.packetConn(":0").WriteTo([]byte("hello"), netip.MustParseAddrPort("10.9.8.7:9"), &sent)
	w.await(&sent)
	sent.want(t, "WriteTo", 5, nil)
	if w.has(sim.Lost) != 1 {
		t.Errorf("the packet was not lost:\n%v", w.trace())
	}
	w.finish()
}

// A socket on all addresses is reached at each, and answers from the one at
// which the peer knows it.
func TestPacketWildcard(t *testing.T) {
	w := open(t, sim.Calm)
	all, one := w.packetConn(":53"), w.packetConn("10.0.0.2:53000")
	var from netip.AddrPort
	var read, answer result
	one.WriteTo([]byte("?"), netip.MustParseAddrPort("10.0.0.1:53"), new(result))
	all.ReadFrom(make([]byte, 8), &from, &read)
	w.await(&read)
	read.want(t, "ReadFrom", 1, nil)
	all.WriteTo([]byte("!"), from, new(result))
	one.ReadFrom(make([]byte, 8), &from, &answer)
	w.await(&answer)
	answer.want(t, "ReadFrom", 1, nil)
	if from.Port() != 53 {
		t.Errorf("the answer is from %v", from)
	}
	w.finish()
}

// TestConnectedAddress connects a socket that is bound to every address: its own is then the
// one that the peer sees.
func TestConnectedAddress(t *testing.T) {
	for _, to := range []string{"10.0.0.1:53", "[2001:db8::1]:53", "127.0.0.1:53"} {
		w := open(t, sim.Calm)
		peer := w.packetConn(to)
		c, err := w.ConnectPacket("udp", to)
		if err != nil {
			t.Fatal(err)
		}
		var sent, read result
		var sender netip.AddrPort
		c.Write([]byte("x"), &sent)
		peer.ReadFrom(make([]byte, 1), &sender, &read)
		w.await(&sent, &read)
		if local := c.LocalAddr().String(); local != sender.String() {
			t.Errorf("connected to %s, the address is %s, and the peer sees %v", to, local, sender)
		}
		w.finish()
	}
}
