package platform_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// These measure what one of n operations that are outstanding at once costs. It is
// not to grow with n: times/1000 is how much more it is than with a thousand.

// BenchmarkQueuedTimeouts starts writes that have a timeout, behind one that
// waits for a peer who does not read.
func BenchmarkQueuedTimeouts(b *testing.B) {
	h := ops.WithTimeout(ops.HandlerFunc(func(int, error) {}), time.Hour)
	outstanding(b, func(b *testing.B, p *platform.Proactor, n int) {
		c := unread(b, p)
		buf := make([]byte, 64)
		b.StartTimer()
		for range n {
			c.Write(buf, h)
		}
		b.StopTimer()
		c.Close()
	})
}

// BenchmarkQueuedCancel cancels reads that wait their turn, by slot, in any order.
func BenchmarkQueuedCancel(b *testing.B) {
	outstanding(b, func(b *testing.B, p *platform.Proactor, n int) {
		c := unread(b, p)
		slots := make([]ops.CancelSlot, n)
		buf := make([]byte, 1)
		for i := range slots {
			c.Read(buf, ops.WithCancelSlot(ops.HandlerFunc(func(int, error) {}), &slots[i]))
		}
		order := rand.Perm(n)
		b.StartTimer()
		for _, i := range order {
			slots[i].Cancel()
		}
		b.StopTimer()
		c.Close()
	})
}

// BenchmarkTimerWaits runs the waits of one Timer, which are due in another order
// than they were started in.
func BenchmarkTimerWaits(b *testing.B) {
	const within = time.Millisecond
	outstanding(b, func(b *testing.B, p *platform.Proactor, n int) {
		timer := p.NewTimer()
		h := ops.HandlerFunc(func(int, error) {})
		for range n {
			timer.Wait(rand.N(within), h)
		}
		for started := time.Now(); time.Since(started) < 2*within; {
			// All of them are due by then.
		}
		b.StartTimer()
		benchRun(b, p)
		b.StopTimer()
	})
}

// BenchmarkTimerCancel cancels waits of one Timer by slot, in any order.
func BenchmarkTimerCancel(b *testing.B) {
	outstanding(b, func(b *testing.B, p *platform.Proactor, n int) {
		timer := p.NewTimer()
		slots := make([]ops.CancelSlot, n)
		for i := range slots {
			timer.Wait(time.Hour, ops.WithCancelSlot(ops.HandlerFunc(func(int, error) {}), &slots[i]))
		}
		order := rand.Perm(n)
		b.StartTimer()
		for _, i := range order {
			slots[i].Cancel()
		}
		b.StopTimer()
	})
}

// outstanding measures with growing n. What is measured starts and stops the timer
// for what n operations do.
func outstanding(b *testing.B, measured func(b *testing.B, p *platform.Proactor, n int)) {
	var least float64 // what one of a thousand costs
	for _, n := range []int{1e3, 1e4, 1e5} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			b.StopTimer()
			b.ResetTimer()
			for range b.N {
				p := benchProactor(b, platform.SingleRunner())
				measured(b, p, n)
				benchRun(b, p) // and let everything end
				p.Close()
			}
			each := float64(b.Elapsed()) / float64(b.N) / float64(n)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(each, "ns/piece")
			if n == 1e3 {
				least = each
			} else if least > 0 {
				b.ReportMetric(each/least, "times/1000")
			}
		})
	}
}

// unread returns a connection that is full of what the peer does not read, with
// a write outstanding.
func unread(b *testing.B, p *platform.Proactor) *platform.Conn {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c := new(platform.Conn)
	p.Connect(c, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			b.Error(err)
		}
	}))
	benchRun(b, p)
	peer, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { peer.Close() })
	ops.WriteFull(c, fill, ops.HandlerFunc(func(int, error) {}))
	for range 2 { // to begin with, and when the socket takes no more
		ops.Post(p, ops.HandlerFunc(func(int, error) { p.Stop() }))
		if err := p.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

var fill = make([]byte, 64<<20)
