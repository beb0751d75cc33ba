package secure_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// The peer in each benchmark is crypto/tls over package net, with a goroutine for each end.
// Both ends are in this process and of the same kind.

// processorTime returns how long the processors have worked for this process.
func processorTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A pinger is the end of a connection that sends a record and waits for it to come back,
// or the one that sends it back.
type pinger struct {
	tcp    platform.Conn
	conn   secure.Conn
	slot   combinators.SingleSlot[ops.Operation]
	buf    []byte
	config *tls.Config
	server bool
	reads  bool
	left   *atomic.Int64
	shaken func()
}

func (p *pinger) Allocator() allocator.Allocator[ops.Operation] { return &p.slot }

// Complete goes on after a write with a read, and after a read with a write.
func (p *pinger) Complete(n int, err error) {
	if err != nil {
		p.tcp.Close()
		return
	}
	p.reads = !p.reads
	switch {
	case p.reads:
		ops.ReadFull(&p.conn, p.buf, p)
	case p.server || p.left.Add(-1) >= 0:
		ops.WriteFull(&p.conn, p.buf, p)
	default:
		p.tcp.Close()
	}
}

// agree starts the handshake.
func (p *pinger) agree(b *testing.B) {
	if p.server {
		p.conn.Server(&p.tcp, p.config)
	} else {
		p.conn.Client(&p.tcp, p.config)
	}
	p.conn.Handshake(ops.WithAllocator[ops.Operation](ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			b.Error(err)
		}
		p.shaken()
	}), &p.slot))
}

// pingers returns the ends of n connections that have agreed.
func pingers(b *testing.B, p *platform.Proactor, n, size int, left *atomic.Int64) (all []*pinger) {
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	server, client := serverConfig(0), clientConfig(0)
	for range n {
		begun := 0
		s := &pinger{buf: make([]byte, size), server: true, config: server, left: left}
		c := &pinger{buf: make([]byte, size), config: client, left: left}
		for _, end := range []*pinger{s, c} {
			end.shaken = func() {
				if begun++; begun == 2 {
					p.Stop()
				}
			}
		}
		opened := func(end *pinger) ops.Handler {
			return ops.HandlerFunc(func(_ int, err error) {
				if err != nil {
					b.Error(err)
					p.Stop()
					return
				}
				end.agree(b)
			})
		}
		l.Accept(&s.tcp, opened(s))
		p.Connect(&c.tcp, "tcp", l.Addr().String(), opened(c))
		if err := p.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
		all = append(all, s, c)
	}
	return all
}

func netPair(b *testing.B, l net.Listener, server, client *tls.Config) (s, c *tls.Conn) {
	accepted := make(chan *tls.Conn, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			b.Error(err)
		}
		s := tls.Server(conn, server)
		if err := s.Handshake(); err != nil {
			b.Error(err)
		}
		accepted <- s
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	c = tls.Client(conn, client)
	if err := c.Handshake(); err != nil {
		b.Fatal(err)
	}
	return <-accepted, c
}

func netListener(b *testing.B) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

func backends(b *testing.B, run func(b *testing.B, p *platform.Proactor)) {
	for _, name := range platform.Backends() {
		if name == "portable" {
			continue // it has the goroutines of net
		}
		b.Run(name, func(b *testing.B) {
			p, err := platform.New(platform.WithBackend(name), platform.SingleRunner())
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			run(b, p)
		})
	}
}

// BenchmarkRecord sends records there and back on 32 connections at once: both the time and
// the processor time are those of one record, encrypted, sent, received and decrypted.
func BenchmarkRecord(b *testing.B) {
	const conns = 32
	for _, size := range []int{64, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			backends(b, func(b *testing.B, p *platform.Proactor) {
				left := new(atomic.Int64)
				all := pingers(b, p, conns, size, left)
				left.Store(int64(b.N+1) / 2)
				for i, end := range all {
					end.reads = i%2 == 1 // the servers come first, and read
					end.Complete(0, nil)
				}
				measure(b, func() { p.Run(context.Background()) })
			})
			b.Run("peer=net", func(b *testing.B) {
				left := new(atomic.Int64)
				left.Store(int64(b.N+1) / 2)
				l := netListener(b)
				server, client := serverConfig(0), clientConfig(0)
				var ready, done sync.WaitGroup
				begin := make(chan struct{})
				for range conns {
					s, c := netPair(b, l, server, client)
					ready.Add(2)
					done.Go(func() {
						buf := make([]byte, size)
						for ready.Done(); ; {
							if _, err := io.ReadFull(s, buf); err != nil {
								s.Close()
								return
							}
							s.Write(buf)
						}
					})
					done.Go(func() {
						buf := make([]byte, size)
						ready.Done()
						<-begin
						for left.Add(-1) >= 0 {
							c.Write(buf)
							if _, err := io.ReadFull(c, buf); err != nil {
								b.Error(err)
							}
						}
						c.Close()
					})
				}
				ready.Wait()
				measure(b, func() {
					close(begin)
					done.Wait()
				})
			})
		})
	}
}

// measure reports the processor time for each of b.N.
func measure(b *testing.B, f func()) {
	b.ReportAllocs()
	before := processorTime(b)
	b.ResetTimer()
	f()
	b.StopTimer()
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// BenchmarkHandshake makes one connection after the other, both ends of it.
func BenchmarkHandshake(b *testing.B) {
	backends(b, func(b *testing.B, p *platform.Proactor) {
		measure(b, func() {
			for range b.N {
				for _, end := range pingers(b, p, 1, 0, nil) {
					end.tcp.Close()
				}
			}
		})
	})
	b.Run("peer=net", func(b *testing.B) {
		l := netListener(b)
		server, client := serverConfig(0), clientConfig(0)
		measure(b, func() {
			for range b.N {
				s, c := netPair(b, l, server, client)
				s.NetConn().Close()
				c.NetConn().Close()
			}
		})
	})
}

// BenchmarkIdle measures what an end of a connection costs, in the heap and on stacks, that
// has exchanged a record of 16 KiB and waits for the next: of 5,000 connections.
func BenchmarkIdle(b *testing.B) {
	const conns, size = 5000, 16 << 10
	report := func(b *testing.B, before, after int64) {
		b.ReportMetric(float64(after-before)/(2*conns), "B/end")
		b.ReportMetric(0, "ns/op")
	}
	backends(b, func(b *testing.B, p *platform.Proactor) {
		for range b.N {
			before := inUse()
			left := new(atomic.Int64)
			left.Store(conns)
			all := pingers(b, p, conns, size, left)
			shared := make([]byte, size)
			stopped := 0
			for i := 0; i < len(all); i += 2 {
				s, c := all[i], all[i+1]
				s.buf, c.buf = shared, shared
				var read, wrote result
				ops.WriteFull(&c.conn, shared, &wrote)
				read.stop = func() { stopped++; p.Stop() }
				ops.ReadFull(&s.conn, shared, &read)
				p.Run(context.Background())
				s.buf, c.buf = shared[:64], shared[:64]
				s.shaken, c.shaken = nil, nil
				s.conn.Read(s.buf, s)
				c.conn.Read(c.buf, c)
			}
			ops.Post(p, ops.HandlerFunc(func(int, error) { p.Stop() }))
			p.Run(context.Background())
			report(b, before, inUse())
			for _, end := range all {
				end.tcp.Close()
			}
			p.Run(context.Background())
		}
	})
	b.Run("peer=net", func(b *testing.B) {
		for range b.N {
			before := inUse()
			l := netListener(b)
			server, client := serverConfig(0), clientConfig(0)
			var all [2 * conns]*tls.Conn
			shared := make([]byte, size)
			var waiting sync.WaitGroup
			for i := 0; i < len(all); i += 2 {
				s, c := netPair(b, l, server, client)
				all[i], all[i+1] = s, c
				c.Write(shared)
				io.ReadFull(s, shared)
				waiting.Go(func() { s.Read(make([]byte, 64)) })
				waiting.Go(func() { c.Read(make([]byte, 64)) })
			}
			report(b, before, inUse())
			for _, c := range all {
				c.NetConn().Close()
			}
			waiting.Wait()
		}
	})
}

// inUse returns how many bytes are in use, in the heap and on stacks, after what is no
// longer used is gone.
func inUse() int64 {
	for range 3 { // what is in a pool goes in the second
		runtime.GC()
	}
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc + s.StackInuse)
}
