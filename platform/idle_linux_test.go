package platform_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// BenchmarkIdle measures the memory of this process that connections cost which
// wait for something to read: in the Go heap, outside it but of the Go runtime, and
// resident at all. The peer is package net with a goroutine a connection, which reads into
// 64 bytes; what the runtime's poller has of a socket lies outside the heap.
func BenchmarkIdle(b *testing.B) {
	const conns = 5000
	for _, name := range platform.Backends() {
		if name == "portable" {
			continue // it has the goroutines of net
		}
		b.Run(name+"/on-arrival", func(b *testing.B) {
			idle(b, conns, func(n int) (address string, start func(), stop func()) {
				p := benchProactor(b, platform.WithBackend(name), platform.SingleRunner())
				l, err := p.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					b.Fatal(err)
				}
				s := &idleServer{l: l, p: p, left: n, sessions: make([]idleSession, n)}
				return l.Addr().String(), func() {
					l.Accept(&s.sessions[0].conn, (*idleAccept)(s))
					p.Run(context.Background())
				}, func() { runtime.KeepAlive(s) }
			})
		})
	}
	b.Run("peer=net", func(b *testing.B) { idle(b, conns, idleNet(b)) })
}

// idleNet has a goroutine read from each connection.
func idleNet(b *testing.B) func(n int) (address string, start, stop func()) {
	return func(n int) (string, func(), func()) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		all := make([]net.Conn, n)
		return l.Addr().String(), func() {
				for i := range n {
					c, err := l.Accept()
					if err != nil {
						b.Error(err)
						return
					}
					all[i] = c
					go io.ReadFull(c, make([]byte, 64))
				}
			}, func() {
				for _, c := range all {
					c.Close()
				}
				l.Close()
			}
	}
}

// An idleServer accepts connections and reads from them, and stops its proactor
// once it has as many as it was to have.
type idleServer struct {
	p        *platform.Proactor
	l        *platform.Listener
	left     int
	sessions []idleSession
	read     []byte // what has arrived for the session whose handler is called
}

// An idleSession is all that the server has of a connection. While it waits, its
// operation is outstanding, which is from the proactor's default allocator.
type idleSession struct {
	conn platform.Conn
}

func (s *idleSession) Complete(int, error) {}

type idleAccept idleServer

func (a *idleAccept) Complete(_ int, err error) {
	if err != nil {
		panic(err)
	}
	s := &a.sessions[len(a.sessions)-a.left]
	ops.ReadOnArrival(&s.conn, 64, &a.read, s)
	if a.left--; a.left == 0 {
		a.p.Stop()
		return
	}
	a.l.Accept(&a.sessions[len(a.sessions)-a.left].conn, a)
}

// idle measures n connections to a server, which start serves until it has them.
// The clients are bare descriptors.
func idle(b *testing.B, n int, serve func(n int) (address string, start, stop func())) {
	fds := make([]int, n)
	before := memory()
	address, start, stop := serve(n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		start()
	}()
	to := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))
	for i := range fds {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			b.Fatal(err)
		}
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())}); err != nil {
			b.Fatal(err)
		}
		fds[i] = fd
	}
	<-done
	after := memory()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(after.heap-before.heap)/float64(n), "heap-B/conn")
	b.ReportMetric(float64(after.other-before.other)/float64(n), "other-B/conn")
	b.ReportMetric(float64(after.resident-before.resident)/float64(n), "RSS-B/conn")
	for _, fd := range fds {
		unix.Close(fd)
	}
	stop()
}

// A footprint is the bytes in use in the Go heap and its stacks, those that the Go runtime
// has otherwise, and those of the process that are resident.
type footprint struct{ heap, other, resident int64 }

func memory() (f footprint) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heap, f.other = int64(m.HeapAlloc+m.StackInuse), int64(m.OtherSys)
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if size, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(size)[0], 10, 64)
			f.resident = kb << 10
		}
	}
	return f
}
