package platform_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// The benchmarks in this file measure how the engine waits: what a message costs where
// few connections are open, and what the program beside it has of that. Each runs its
// peers as well, with as many messages, and reports ratios to them.

// BenchmarkAwake measures an echo server with few connections, whose client is another
// process: the time of a round trip, the server's processor time and context switches a
// message, as ratios to those of package net. With a timer, one is pending, far away.
// With work, another goroutine computes all the time, which shows in the 99th percentile
// more than anywhere else.
func BenchmarkAwake(b *testing.B) {
	for _, test := range []struct {
		name  string
		conns int
		timer bool
		work  bool
	}{
		{"conns=1", 1, false, false},
		{"conns=1,timer", 1, true, false},
		{"conns=1,work", 1, false, true},
		{"conns=2", 2, false, false},
		{"conns=8", 8, false, false},
		{"conns=8,timer", 8, true, false},
	} {
		for _, backend := range platform.Backends() {
			b.Run(test.name+"/"+backend, func(b *testing.B) {
				if test.work {
					defer computing()()
				}
				peer := measureEcho(b, test.conns, func() (string, func()) { return echoNet(b) })
				own := measureEcho(b, test.conns, func() (string, func()) { return echoOn(b, backend, test.timer) })
				b.ReportMetric(own.median/peer.median, "p50/net")
				b.ReportMetric(own.high/peer.high, "p99/net")
				b.ReportMetric(own.processor/peer.processor, "cpu/net")
				b.ReportMetric(own.switches, "switches/op")
				b.ReportMetric(peer.switches, "net-switches/op")
			})
		}
	}
}

// computing has a goroutine compute until the result is called.
func computing() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
		}
	})
	return func() { cancel(); all.Wait() }
}

// A measured is what a message costs.
type measured struct {
	median, high        float64 // of a round trip, in seconds
	processor, switches float64 // of this process
}

// measureEcho has another process send b.N messages to a server in this one.
func measureEcho(b *testing.B, conns int, serve func() (address string, stop func())) measured {
	address, stop := serve()
	defer stop()
	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", clientVariable, address, conns, max(10, b.N/conns)))
	client.Stderr = os.Stderr
	before := used(b)
	out, err := client.Output()
	after := used(b)
	if err != nil {
		b.Fatal(err)
	}
	var m measured
	if _, err := fmt.Sscan(string(out), &m.median, &m.high); err != nil {
		b.Fatalf("the client said %q: %v", out, err)
	}
	n := float64(max(10, b.N/conns) * conns)
	m.processor = float64(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()) / n
	m.switches = float64(after.Nvcsw+after.Nivcsw-before.Nvcsw-before.Nivcsw) / n
	return m
}

func used(b *testing.B) (u unix.Rusage) {
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u
}

// clientVariable makes the test binary a client: address, connections and rounds.
const clientVariable = "HEIRLOOM_TEST_CLIENT"

func init() {
	if v := os.Getenv(clientVariable); v != "" {
		if err := clientMain(v); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// clientMain sends a message on each connection and awaits the answers, again and again,
// and prints the median and the 99th percentile of a round in seconds. It blocks in the
// kernel, as a client in C would.
func clientMain(args string) error {
	var address string
	var conns, rounds int
	if _, err := fmt.Sscan(args, &address, &conns, &rounds); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	to := unix.SockaddrInet4{Addr: [4]byte(net.ParseIP(host).To4())}
	if to.Port, err = strconv.Atoi(port); err != nil {
		return err
	}
	fds := make([]int, conns)
	for i := range fds {
		if fds[i], err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(fds[i], unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
		if err := unix.Connect(fds[i], &to); err != nil {
			return err
		}
	}
	took := make([]time.Duration, rounds)
	var message [benchMessage]byte
	for r := range took {
		start := time.Now()
		for _, fd := range fds {
			if _, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&message)), benchMessage); errno != 0 {
				return errno
			}
		}
		for _, fd := range fds {
			for got := 0; got < benchMessage; {
				n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&message)), uintptr(benchMessage-got))
				if errno == unix.EINTR {
					continue
				}
				if errno != 0 || n == 0 {
					return fmt.Errorf("read: %d, %w", n, errno)
				}
				got += int(n)
			}
		}
		took[r] = time.Since(start)
	}
	slices.Sort(took)
	_, err = fmt.Println(took[rounds/2].Seconds(), took[rounds*99/100].Seconds())
	return err
}

// echoNet serves echoes by package net, with a goroutine a connection.
func echoNet(b *testing.B) (address string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
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
	return l.Addr().String(), func() { l.Close(); all.Wait() }
}

// echoOn serves echoes by a proactor with a single runner and the default options.
func echoOn(b *testing.B, backend string, timer bool) (address string, stop func()) {
	p := benchProactor(b, platform.SingleRunner(), platform.WithBackend(backend))
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	if timer {
		p.NewTimer().Wait(time.Hour, ops.HandlerFunc(func(int, error) {}))
	}
	var accept func()
	accept = func() {
		end := new(benchEnd)
		l.Accept(&end.conn, ops.HandlerFunc(func(n int, err error) {
			if err == nil {
				(*benchSent)(end).Complete(0, nil)
				accept()
			}
		}))
	}
	accept()
	address = l.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); p.Run(context.Background()) }()
	return address, func() { p.Stop(); <-done }
}

// BenchmarkIdleTime measures the processor time that an idle proactor takes, with a timer far
// away and without, in nanoseconds a millisecond: an operation is a millisecond.
func BenchmarkIdleTime(b *testing.B) {
	for _, backend := range platform.Backends() {
		for _, timer := range []bool{false, true} {
			name := backend
			if timer {
				name += ",timer"
			}
			b.Run(name, func(b *testing.B) {
				nothing := idleTime(b)
				_, stop := echoOn(b, backend, timer)
				own := idleTime(b)
				stop()
				b.ReportMetric(own, "cpu-ns/op")
				b.ReportMetric(nothing, "cpu-ns-without/op")
			})
		}
	}
}

func idleTime(b *testing.B) float64 {
	before := used(b)
	time.Sleep(time.Duration(b.N) * time.Millisecond)
	after := used(b)
	return float64(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()) / float64(b.N)
}

// BenchmarkStopTheWorld measures how long the collector waits for a proactor that writes
// 1 MiB at a time to each of 64 connections, as a ratio to epoll: what the runtime takes
// to stop all goroutines. An operation is a collection.
func BenchmarkStopTheWorld(b *testing.B) {
	for _, backend := range platform.Backends() {
		if backend == "epoll" {
			continue
		}
		b.Run(backend, func(b *testing.B) {
			peer, own := stopping(b, "epoll"), stopping(b, backend)
			b.ReportMetric(own[0]/peer[0], "p50/epoll")
			b.ReportMetric(own[1]/peer[1], "p90/epoll")
			b.ReportMetric(own[1]*1e3, "p90-ms")
		})
	}
}

// stopping returns the median and the 90th percentile of the time, in seconds, that it
// took to stop all goroutines for b.N collections.
func stopping(b *testing.B, backend string) (percentiles [2]float64) {
	const conns, size = 64, 1 << 20
	sink, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	defer all.Wait()
	defer sink.Close()
	all.Go(func() {
		for {
			c, err := sink.Accept()
			if err != nil {
				return
			}
			c.(*net.TCPConn).SetReadBuffer(4 * size)
			all.Go(func() {
				io.Copy(io.Discard, bufio.NewReaderSize(c, size))
				c.Close()
			})
		}
	})
	p := benchProactor(b, platform.SingleRunner(), platform.WithBackend(backend))
	data := make([]byte, size)
	writers := make([]platform.Conn, conns)
	for i := range writers {
		var write ops.HandlerFunc
		write = func(_ int, err error) {
			if err == nil {
				ops.WriteFull(&writers[i], data, write)
			}
		}
		p.Connect(&writers[i], "tcp", sink.Addr().String(), write)
	}
	all.Go(func() { p.Run(context.Background()); p.Close() })
	time.Sleep(50 * time.Millisecond) // until they write
	before := stoppingTimes()
	for range b.N {
		runtime.GC()
		time.Sleep(2 * time.Millisecond)
	}
	after := stoppingTimes()
	p.Stop()
	for i := range after.Counts {
		after.Counts[i] -= before.Counts[i]
	}
	return [2]float64{quantile(after, 0.5), quantile(after, 0.9)}
}

func stoppingTimes() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(s)
	h := s[0].Value.Float64Histogram()
	return &metrics.Float64Histogram{Counts: slices.Clone(h.Counts), Buckets: h.Buckets}
}

// quantile returns a bound of the times of which a share are not longer.
func quantile(h *metrics.Float64Histogram, share float64) float64 {
	var total, sum uint64
	for _, n := range h.Counts {
		total += n
	}
	for i, n := range h.Counts {
		if sum += n; float64(sum) >= share*float64(total) {
			return h.Buckets[i+1]
		}
	}
	return 0
}
