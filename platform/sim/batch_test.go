package sim_test

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

func TestBatch(t *testing.T) {
	w := open(t, sim.Calm)
	a, b := w.packetConn("127.0.0.1:1001"), w.packetConn("127.0.0.1:1002")
	to := netip.MustParseAddrPort("127.0.0.1:1001")
	out := []platform.Packet{
		{Buf: []byte("one"), Peer: to, ECN: 2},
		{Buf: []byte("three"), Peer: to, Local: netip.MustParseAddr("127.0.0.9")},
		{Buf: nil, Peer: to},
		{Buf: []byte("nowhere")},
	}
	if err := a.EnablePacketInfo(); err != nil {
		t.Fatal(err)
	}
	var wrote, read, none result
	b.WriteBatch(out, &wrote)
	w.await(&wrote)
	wrote.want(t, "WriteBatch", 3, nil)
	b.WriteBatch(out[3:], &none)
	w.await(&none)
	none.want(t, "WriteBatch", 0, syscall.EDESTADDRREQ)
	in := make([]platform.Packet, 5)
	for i := range in {
		in[i].Buf = make([]byte, 3)
	}
	a.ReadBatch(in, &read)
	w.await(&read)
	read.want(t, "ReadBatch", 3, nil)
	for i, want := range []platform.Packet{
		{N: 3, ECN: 2, Peer: netip.MustParseAddrPort("127.0.0.1:1002")},
		{N: 3, Truncated: true, Peer: netip.MustParseAddrPort("127.0.0.9:1002")},
		{Peer: netip.MustParseAddrPort("127.0.0.1:1002")},
	} {
		got := in[i]
		if got.N != want.N || got.ECN != want.ECN || got.Truncated != want.Truncated || got.Peer != want.Peer || got.Local != to.Addr() {
			t.Errorf("packet %d: %+v, want %+v", i, got, want)
		}
	}
	w.finish()
}

func TestConnectedPackets(t *testing.T) {
	w := open(t, sim.Calm)
	a, stranger := w.packetConn("127.0.0.1:1001"), w.packetConn("127.0.0.1:1002")
	c, err := w.ConnectPacket("udp4", "127.0.0.1:1001")
	if err != nil {
		t.Fatal(err)
	}
	var wrote, ignored, asked, answered, read result
	var from netip.AddrPort
	c.Write([]byte("ask"), &wrote)
	a.ReadFrom(make([]byte, 3), &from, &asked)
	w.await(&wrote, &asked)
	asked.want(t, "ReadFrom", 3, nil)
	stranger.WriteTo([]byte("strange"), from, &ignored)
	w.await(&ignored)
	a.WriteTo([]byte("answer"), from, &answered)
	buf := make([]byte, 8)
	c.Read(buf, &read)
	w.await(&answered, &read)
	read.want(t, "Read", 6, nil)

	// Nobody is there any more: that is told once.
	a.Close()
	var refused, lost, told result
	c.Read(buf, &refused)
	c.Write([]byte("ask"), &lost)
	w.await(&lost, &refused)
	refused.want(t, "Read", 0, syscall.ECONNREFUSED)
	lost = result{}
	c.Write([]byte("ask"), &lost)
	w.await(&lost)
	c.Write([]byte("ask"), &told)
	w.await(&told)
	told.want(t, "Write", 0, syscall.ECONNREFUSED)
	if err := c.Connect(netip.MustParseAddrPort("[::1]:9")); err == nil {
		t.Error("a socket of one family was connected to the other")
	}
	w.finish()
}
