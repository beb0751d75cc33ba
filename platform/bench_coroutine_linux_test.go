package platform_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// BenchmarkCoroutineEcho measures an echo server with a coroutine a connection, whose client
// is another process: its processor time a message, as a ratio to a goroutine a connection
// with package net and to a chain of handlers, and the median of a round.
func BenchmarkCoroutineEcho(b *testing.B) {
	for _, conns := range []int{1, 64} {
		for _, backend := range platform.Backends() {
			b.Run(fmt.Sprintf("conns=%d/%s", conns, backend), func(b *testing.B) {
				peer := measureEcho(b, conns, func() (string, func()) { return echoNet(b) })
				chain := measureEcho(b, conns, func() (string, func()) { return echoOn(b, backend, false) })
				own := measureEcho(b, conns, func() (string, func()) { return echoInCoroutines(b, backend) })
				b.ReportMetric(own.median/peer.median, "p50/net")
				b.ReportMetric(own.processor/peer.processor, "cpu/net")
				b.ReportMetric(own.processor/chain.processor, "cpu/handlers")
				b.ReportMetric(own.processor, "cpu-ns/op")
				b.ReportMetric(peer.processor, "net-cpu-ns/op")
			})
		}
	}
}

// echoInCoroutines serves echoes by a proactor with a single runner, a coroutine a
// connection.
func echoInCoroutines(b *testing.B, backend string) (address string, stop func()) {
	p := benchProactor(b, platform.SingleRunner(), platform.WithBackend(backend))
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	p.Spawn(ignored, func(co *platform.Co) error {
		for {
			s := new(coSession)
			if err := co.Accept(l, &s.conn); err != nil {
				return err
			}
			p.Spawn(ops.WithAllocator(ignored, &s.slot), s.echo)
		}
	})
	var running sync.WaitGroup
	running.Go(func() { p.Run(context.Background()) })
	return l.Addr().String(), func() { p.Stop(); running.Wait(); p.Close() }
}

type coSession struct {
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	buf  [2 * benchMessage]byte
}

func (s *coSession) echo(co *platform.Co) error {
	defer s.conn.Close()
	for {
		n, err := co.Read(&s.conn, s.buf[:])
		if err != nil {
			return err
		}
		if _, err := co.Write(&s.conn, s.buf[:n]); err != nil {
			return err
		}
	}
}

// BenchmarkParked measures the memory of this process that coroutines take which wait for
// something to read, with all that belongs to them, as BenchmarkIdle does for connections.
// The peer is a goroutine each with package net. Both read into 64 bytes.
func BenchmarkParked(b *testing.B) {
	const conns = 9000 // with a descriptor at each end
	for _, name := range platform.Backends() {
		b.Run(name, func(b *testing.B) {
			idle(b, conns, func(n int) (address string, start func(), stop func()) {
				p := benchProactor(b, platform.WithBackend(name), platform.SingleRunner())
				l, err := p.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					b.Fatal(err)
				}
				return l.Addr().String(), func() {
					p.Spawn(ignored, func(co *platform.Co) error {
						for range n {
							c := new(platform.Conn)
							if err := co.Accept(l, c); err != nil {
								return err
							}
							p.Spawn(ignored, func(co *platform.Co) error {
								_, err := co.ReadFull(c, make([]byte, 64))
								return err
							})
						}
						for range n { // until the last waits
							co.Yield()
						}
						p.Stop()
						return nil
					})
					p.Run(context.Background())
				}, func() { p.Close() }
			})
		})
	}
	b.Run("peer=net", func(b *testing.B) { idle(b, conns, idleNet(b)) })
}
