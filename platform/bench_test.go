package platform_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// BenchmarkPost measures what the engine adds to a handler: a handler that
// posts itself, until it has run b.N times. The peer is a loop over a channel
// of functions, the usual way to hand work to one goroutine.
func BenchmarkPost(b *testing.B) {
	for _, test := range []struct {
		name    string
		options []platform.Option
	}{
		{"single-runner", []platform.Option{platform.SingleRunner()}},
		{"any-runner", nil},
	} {
		b.Run(test.name, func(b *testing.B) {
			p := benchProactor(b, test.options...)
			b.ReportAllocs()
			b.ResetTimer()
			ops.Post(p, &posts{p: p, left: b.N})
			benchRun(b, p)
		})
	}
	b.Run("single-runner-bound", func(b *testing.B) {
		p := benchProactor(b, platform.SingleRunner())
		h := &boundPosts{p: p, left: b.N}
		h.self = ops.WithAllocator(h, &h.slot)
		b.ReportAllocs()
		b.ResetTimer()
		ops.Post(p, h.self)
		benchRun(b, p)
	})
	b.Run("single-runner-bound-defer", func(b *testing.B) {
		p := benchProactor(b, platform.SingleRunner())
		h := &boundDefers{p: p, left: b.N}
		h.self = ops.WithAllocator(h, &h.slot)
		b.ReportAllocs()
		b.ResetTimer()
		ops.Defer(p, h.self)
		benchRun(b, p)
	})
	b.Run("peer=channel", func(b *testing.B) {
		queue := make(chan func(), 1)
		left := b.N
		var again func()
		again = func() {
			if left--; left > 0 {
				queue <- again
			} else {
				close(queue)
			}
		}
		b.ReportAllocs()
		b.ResetTimer()
		queue <- again
		for f := range queue {
			f()
		}
	})
}

type posts struct {
	p    *platform.Proactor
	slot combinators.SingleSlot[ops.Operation]
	left int
}

func (h *posts) Allocator() allocator.Allocator[ops.Operation] { return &h.slot }

func (h *posts) Complete(int, error) {
	if h.left--; h.left > 0 {
		ops.Post(h.p, h)
	}
}

// boundPosts is the same with its allocator bound to it.
type boundPosts struct {
	p    *platform.Proactor
	slot combinators.SingleSlot[ops.Operation]
	self ops.Handler
	left int
}

func (h *boundPosts) Complete(int, error) {
	if h.left--; h.left > 0 {
		ops.Post(h.p, h.self)
	}
}

// boundDefers does so with Defer.
type boundDefers boundPosts

func (h *boundDefers) Complete(int, error) {
	if h.left--; h.left > 0 {
		ops.Defer(h.p, h.self)
	}
}

const benchMessage = 64

// BenchmarkEcho measures a message to an echo server and back over loopback
// TCP, with clients and server in this process, each side made as its library
// wants it: a proactor on a goroutine a side here, a goroutine a connection and
// side for package net. One operation is one message; with 64 connections 64
// are under way.
func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{1, 64} {
		for _, backend := range platform.Backends() {
			b.Run(fmt.Sprintf("conns=%d/%s", conns, backend), func(b *testing.B) { benchmarkEcho(b, backend, conns) })
		}
		b.Run(fmt.Sprintf("conns=%d/peer=net", conns), func(b *testing.B) { benchmarkEchoNet(b, conns) })
	}
}

func benchmarkEcho(b *testing.B, backend string, conns int) {
	one, named := platform.SingleRunner(), platform.WithBackend(backend)
	server, client := benchProactor(b, one, named), benchProactor(b, one, named)
	l, err := server.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	rounds, accepted := b.N, 0
	servers, clients := make([]benchEnd, conns), make([]benchEnd, conns)
	var accept ops.HandlerFunc
	accept = func(_ int, err error) {
		if err != nil {
			b.Error(err)
			return
		}
		(*benchSent)(&servers[accepted]).Complete(0, nil)
		if accepted++; accepted < conns {
			l.Accept(&servers[accepted].conn, accept)
		}
	}
	l.Accept(&servers[0].conn, accept)
	address := l.Addr().String()
	var sides sync.WaitGroup
	sides.Go(func() { benchRun(b, server) }) // until the clients have left
	for i := range clients {
		clients[i].rounds = &rounds
		client.Connect(&clients[i].conn, "tcp", address, ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				b.Error(err)
			}
		}))
	}
	benchRun(b, client) // until all are connected

	b.ReportAllocs()
	b.ResetTimer()
	for i := range clients {
		clients[i].write(benchMessage)
	}
	benchRun(b, client)
	b.StopTimer()
	sides.Wait()
}

// A benchEnd is one end of a connection: it reads and writes in turn.
type benchEnd struct {
	conn   platform.Conn
	slot   combinators.SingleSlot[ops.Operation]
	buf    [2 * benchMessage]byte
	rounds *int // messages that are still to be sent, for a client
}

func (e *benchEnd) write(n int) {
	if e.rounds != nil {
		if *e.rounds--; *e.rounds < 0 {
			e.conn.Close()
			return
		}
	}
	ops.WriteFull(&e.conn, e.buf[:n], (*benchSent)(e))
}

type benchSent benchEnd

func (e *benchSent) Allocator() allocator.Allocator[ops.Operation] { return &e.slot }

func (e *benchSent) Complete(_ int, err error) {
	if err != nil {
		e.conn.Close()
		return
	}
	e.conn.Read(e.buf[:], (*benchReceived)(e))
}

type benchReceived benchEnd

func (e *benchReceived) Allocator() allocator.Allocator[ops.Operation] { return &e.slot }

func (e *benchReceived) Complete(n int, err error) {
	if err != nil {
		e.conn.Close()
		return
	}
	(*benchEnd)(e).write(n)
}

func benchmarkEchoNet(b *testing.B, conns int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var servers, clients sync.WaitGroup
	servers.Go(func() {
		for range conns {
			c, err := l.Accept()
			if err != nil {
				b.Error(err)
				return
			}
			servers.Go(func() {
				defer c.Close()
				buf := make([]byte, 2*benchMessage)
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
	begin := make(chan struct{})
	for i := range conns {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		rounds := (b.N + conns - 1 - i) / conns // b.N in all
		clients.Go(func() {
			defer c.Close()
			buf := make([]byte, benchMessage)
			<-begin
			for range rounds {
				if _, err := c.Write(buf); err != nil {
					b.Error(err)
					return
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	b.ReportAllocs()
	b.ResetTimer()
	close(begin)
	clients.Wait()
	b.StopTimer()
	servers.Wait()
}

func benchProactor(b *testing.B, options ...platform.Option) *platform.Proactor {
	b.Helper()
	p, err := platform.New(options...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Close() })
	return p
}

func benchRun(b *testing.B, p *platform.Proactor) {
	if err := p.Run(context.Background()); err != nil {
		b.Error(err)
	}
}

// BenchmarkTimer measures waits among a million others that are pending: one that
// is started and cancelled, and one that is started and expires, until the handler
// was called, which starts the next. The peer is package time.
func BenchmarkTimer(b *testing.B) {
	const pending = 1_000_000
	for _, cancel := range []bool{true, false} {
		name := "start+expire"
		if cancel {
			name = "start+cancel"
		}
		b.Run(name, func(b *testing.B) {
			p := benchProactor(b, platform.SingleRunner())
			others := make([]platform.Timer, pending)
			random := rand.New(rand.NewPCG(1, 2))
			ignore := ops.HandlerFunc(func(int, error) {})
			for i := range others {
				others[i].Init(p)
				others[i].Wait(time.Hour+time.Duration(random.Int64N(int64(time.Hour))), ignore)
			}
			w := &waits{p: p, cancel: cancel, left: b.N}
			w.timer.Init(p)
			b.ReportAllocs()
			b.ResetTimer()
			ops.Post(p, w)
			p.Run(context.Background()) // until the waits stop it
		})
		b.Run(name+"/peer=time", func(b *testing.B) {
			others := make([]*time.Timer, pending)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range others {
				others[i] = time.AfterFunc(time.Hour+time.Duration(random.Int64N(int64(time.Hour))), func() {})
			}
			defer func() {
				for _, t := range others {
					t.Stop()
				}
			}()
			expired := make(chan struct{}, 1)
			t := time.AfterFunc(time.Hour, func() { expired <- struct{}{} })
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if cancel {
					t.Reset(time.Hour)
					t.Stop()
				} else {
					t.Reset(0)
					<-expired
				}
			}
		})
	}
}

// waits is a handler that waits, again and again.
type waits struct {
	p      *platform.Proactor
	slot   combinators.SingleSlot[ops.Operation]
	timer  platform.Timer
	cancel bool
	left   int
}

func (w *waits) Allocator() allocator.Allocator[ops.Operation] { return &w.slot }

func (w *waits) Complete(int, error) {
	if w.left--; w.left <= 0 {
		w.p.Stop()
		return
	}
	if w.cancel {
		w.timer.Wait(90*time.Minute, w)
		w.timer.Cancel()
	} else {
		w.timer.Wait(0, w)
	}
}
