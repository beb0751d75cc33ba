package platform_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func TestGroup(t *testing.T) {
	for _, backend := range platform.Backends() {
		t.Run(backend, func(t *testing.T) {
			g, err := platform.NewGroup(3, platform.WithBackend(backend))
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			all, err := g.Listen("tcp", "127.0.0.1:0")
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil || len(all) != 3 {
				t.Fatal(len(all), err)
			}
			for _, l := range all {
				if l.Addr().String() != all[0].Addr().String() {
					t.Fatalf("listens on %v and %v", all[0].Addr(), l.Addr())
				}
			}

			const clients = 90
			address := all[0].Addr().String()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			var accepted [3]int
			var total atomic.Int64
			for i, l := range all {
				var next ops.HandlerFunc
				c := new(platform.Conn)
				next = func(_ int, err error) {
					if err != nil {
						return
					}
					accepted[i]++
					c.Close()
					if total.Add(1) == clients {
						cancel()
					}
					c = new(platform.Conn)
					l.Accept(c, next)
				}
				l.Accept(c, next)
			}
			go func() {
				for range clients {
					if c, err := net.Dial("tcp", address); err == nil {
						defer c.Close()
					}
				}
			}()
			if err := g.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			t.Logf("accepted %v", accepted)
			for i, n := range accepted {
				if n == 0 { // once in 10^15 runs
					t.Errorf("the proactor %d has accepted none of %d", i, clients)
				}
			}
		})
	}
}

func TestGroupEnds(t *testing.T) {
	if _, err := platform.NewGroup(-1); err == nil {
		t.Error("a group of -1")
	}
	g, err := platform.NewGroup(0)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(g.Proactors()); n != runtime.GOMAXPROCS(0) {
		t.Errorf("%d proactors", n)
	}
	if all, err := g.Listen("tcp", "127.0.0.1:no-port"); err == nil || all != nil {
		t.Errorf("a port that there is not gives %v and %v", all, err)
	}
	if _, err := g.Listen("unix", "x"); err == nil {
		t.Error("listens on unix")
	}
	if err := g.Run(t.Context()); err != nil {
		t.Errorf("without work: %v", err)
	}
	first := g.Proactors()[0]
	hold := first.Hold()
	time.AfterFunc(time.Millisecond, g.Stop)
	if err := g.Run(t.Context()); err != nil {
		t.Errorf("stopped: %v", err)
	}
	hold.Release()
	var posted result
	last := g.Proactors()[len(g.Proactors())-1] // which had ended when Stop was called
	ops.Post(last, &posted)
	if err := g.Run(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
	posted.want(t, 0, nil)
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	defer first.Hold().Release()
	if err := g.Run(late); err != context.DeadlineExceeded {
		t.Errorf("timed out: %v", err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if err := g.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if err := g.Run(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// A proactor that spins does what others do.
func TestSpin(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t, platform.Spin(time.Millisecond))
			a, b := w.pair()
			timer := w.NewTimer()
			for range 20 {
				var sent, read, tick result
				in := make([]byte, 3)
				ops.ReadFull(a, in, &read)
				timer.Wait(2*time.Millisecond, &tick)
				b.Write([]byte("abc"), &sent)
				w.await(&read, &sent, &tick)
				read.want(t, 3, nil)
				tick.want(t, 0, nil)
			}
		})
	}
}
