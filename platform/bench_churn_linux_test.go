package platform_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// BenchmarkChurn measures a connection that lives for some messages: from a client's
// connect to its close. The server is this library's and package net's in turn, with the
// same clients in the same process; of-net is how long a connection takes as a part of
// what it takes there.
func BenchmarkChurn(b *testing.B) {
	for _, backend := range platform.Backends() {
		b.Run(backend, func(b *testing.B) {
			p := benchProactor(b, platform.SingleRunner(), platform.WithBackend(backend))
			s := newChurnServer(b, p)
			var servers sync.WaitGroup
			servers.Go(s.run)
			peer := newNetChurn(b, &servers)
			client := benchProactor(b, platform.SingleRunner())
			ours, net := newChurnLoad(b, client, s.listener.Addr()), newChurnLoad(b, client, peer.Addr())
			ours.run(2 * churnClients)
			net.run(2 * churnClients)

			const slices = 10
			var took [2]time.Duration
			b.ResetTimer()
			for i := range slices {
				n := b.N*(i+1)/slices - b.N*i/slices
				took[0] += ours.run(n)
				b.StopTimer()
				took[1] += net.run(n)
				b.StartTimer()
			}
			b.StopTimer()
			b.ReportMetric(float64(took[0])/float64(max(1, took[1])), "of-net")
			s.stop()
			peer.Close()
			servers.Wait()
		})
	}
}

// newNetChurn returns the listener of an echo server of package net.
func newNetChurn(b *testing.B, servers *sync.WaitGroup) net.Listener {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	servers.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			servers.Go(func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	return l
}

// Clients that are connected at a time, and the messages of each connection.
const churnClients, churnMessages = 64, 10

// A churnLoad is clients of a server that come and go, on a proactor of their own.
type churnLoad struct {
	b        *testing.B
	proactor *platform.Proactor
	to       string
	left     int // connections that are still to be made
	clients  [churnClients]churnClient
}

func newChurnLoad(b *testing.B, p *platform.Proactor, to net.Addr) *churnLoad {
	l := &churnLoad{b: b, proactor: p, to: to.String()}
	for i := range l.clients {
		l.clients[i].load = l
	}
	return l
}

// run has clients come and go n times in all, and returns how long they took.
func (l *churnLoad) run(n int) time.Duration {
	began := time.Now()
	l.left = n
	for i := range l.clients {
		l.clients[i].connect()
	}
	benchRun(l.b, l.proactor)
	return time.Since(began)
}

type churnClient struct {
	load *churnLoad
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	left int // messages of this connection
	buf  [benchMessage]byte
}

func (c *churnClient) connect() {
	if c.load.left--; c.load.left >= 0 {
		c.left = churnMessages
		c.load.proactor.Connect(&c.conn, "tcp", c.load.to, (*churnReady)(c))
	}
}

// ended reports whether err has ended the connection, which then makes way for another.
func (c *churnClient) ended(err error) bool {
	if err != nil {
		c.load.b.Error(err)
	}
	if err != nil || c.left == 0 {
		c.conn.Close()
		c.connect()
		return true
	}
	return false
}

// churnReady is the client as the handler of what comes before a message.
type churnReady churnClient

func (c *churnReady) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

func (c *churnReady) Complete(_ int, err error) {
	if !(*churnClient)(c).ended(err) {
		c.left--
		ops.WriteFull(&c.conn, c.buf[:], (*churnSentOut)(c))
	}
}

// churnSentOut is the client as the handler of its writes.
type churnSentOut churnClient

func (c *churnSentOut) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

func (c *churnSentOut) Complete(_ int, err error) {
	if err != nil {
		(*churnClient)(c).ended(err)
		return
	}
	ops.ReadFull(&c.conn, c.buf[:], (*churnReady)(c))
}
