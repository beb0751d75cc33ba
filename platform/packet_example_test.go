package platform_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A server answers packets as they come, several with one operation. It sends the packets
// that it has read: the Peer of each is the sender, and so the address for the answer.
func ExamplePacketConn_ReadBatch() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	server, err := p.ListenPacket("udp4", "127.0.0.1:0")
	fatal(err)
	client, err := p.ConnectPacket("udp4", server.LocalAddr().String())
	fatal(err)

	packets := make([]platform.Packet, 32)
	for i := range packets {
		packets[i].Buf = make([]byte, 1500)
	}
	server.ReadBatch(packets, ops.HandlerFunc(func(n int, err error) {
		fatal(err)
		answers := packets[:n]
		for i := range answers {
			answers[i].Buf = answers[i].Buf[:answers[i].N]
		}
		server.WriteBatch(answers, ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
	}))

	answer := make([]byte, 1500)
	client.Write([]byte("anybody there?"), ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
	client.Read(answer, ops.HandlerFunc(func(n int, err error) {
		fatal(err)
		fmt.Printf("%s\n", answer[:n])
	}))
	fatal(p.Run(context.Background()))
	// Output: anybody there?
}

// A client learns that its server is not there: by an error of the system or, if the
// system reports none, by a timeout.
func ExampleProactor_ConnectPacket() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	gone, err := p.ListenPacket("udp4", "127.0.0.1:0")
	fatal(err)
	client, err := p.ConnectPacket("udp4", gone.LocalAddr().String())
	fatal(err)
	fatal(gone.Close())

	client.Write([]byte("anybody there?"), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		client.Read(make([]byte, 1500), ops.WithTimeout(ops.HandlerFunc(func(_ int, err error) {
			fmt.Println("no answer:", err != nil)
		}), 5*time.Second))
	}))
	fatal(p.Run(context.Background()))
	// Output: no answer: true
}

// A client finds a service by a question to all members of a multicast group.
func ExamplePacketConn_JoinGroup() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	c, err := p.ListenPacket("udp4", "224.0.0.251:0") // 5353 for mDNS
	fatal(err)
	group := netip.MustParseAddr("224.0.0.251")
	on, err := net.InterfaceByIndex(1) // this host, nearly everywhere
	fatal(err)
	fatal(c.JoinGroup(group, on))
	fatal(c.SetMulticastInterface(on))
	fatal(c.SetMulticastTTL(1)) // questions stay in this network
	c.ReadBatch(make([]platform.Packet, 1), ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("no question:", err)
	}))
	fatal(c.LeaveGroup(group, on))
	fatal(c.Close())
	fatal(p.Run(context.Background()))
	// Output: no question: use of closed network connection
}

// A server with several addresses answers from the one that the question was sent to. The
// network is simulated, because not every system reports that address.
func ExamplePacket() {
	p, err := platform.New(platform.WithCustomBackend(sim.New(sim.Calm, sim.Alone()).Backend), platform.SingleRunner())
	fatal(err)
	defer p.Close()
	server, err := p.ListenPacket("udp4", "0.0.0.0:53")
	fatal(err)
	fatal(server.EnablePacketInfo())
	client, err := p.ListenPacket("udp4", "10.0.0.1:0")
	fatal(err)

	asked := []platform.Packet{{Buf: make([]byte, 100)}}
	server.ReadBatch(asked, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		fmt.Printf("%s, asked at %v\n", asked[0].Buf[:asked[0].N], asked[0].Local)
		answer := []platform.Packet{{Buf: []byte("42"), Peer: asked[0].Peer, Local: asked[0].Local}}
		server.WriteBatch(answer, ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
	}))

	buf := make([]byte, 100)
	var from netip.AddrPort
	client.WriteTo([]byte("what is it?"), netip.MustParseAddrPort("10.0.0.2:53"), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		client.ReadFrom(buf, &from, ops.HandlerFunc(func(n int, err error) {
			fatal(err)
			fmt.Printf("%s, from %v\n", buf[:n], from)
		}))
	}))
	fatal(p.Run(context.Background()))
	// Output:
	// what is it?, asked at 10.0.0.2
	// 42, from 10.0.0.2:53
}
