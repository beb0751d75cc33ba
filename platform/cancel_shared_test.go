package platform_test

import (
	"context"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestCancelShared has two operations share a slot, which stands for the last one. To
// cancel it harms neither: each handler is called once.
func TestCancelShared(t *testing.T) {
	second := map[string]func(w *world, h ops.Handler){
		"post": func(w *world, h ops.Handler) { ops.Post(w, h) },
		"wait": func(w *world, h ops.Handler) { w.NewTimer().Wait(0, h) },
		"read": func(w *world, h ops.Handler) { w.packets("udp4", "127.0.0.1:0").ReadFrom(make([]byte, 1), nil, h) },
	}
	for name, start := range second {
		t.Run(name, func(t *testing.T) {
			eachAndFakes(t, func(t *testing.T, w *world) {
				a := w.packets("udp4", "127.0.0.1:0")
				timer := w.NewTimer()
				var slot ops.CancelSlot
				var memory counting
				bind := func(r *result) ops.Handler {
					return ops.WithAllocator(ops.WithCancelSlot(r, &slot), &memory)
				}
				var read, wait, last result
				a.ReadFrom(make([]byte, 1), nil, bind(&read))
				timer.Wait(time.Hour, bind(&wait))
				start(w, bind(&last))
				if !slot.Cancel() {
					t.Error("nothing is outstanding")
				}
				a.Close()
				timer.Cancel()
				w.await(&read, &wait, &last)
				read.want(t, 0, read.err)
				wait.want(t, 0, ops.ErrCanceled)
				last.want(t, 0, last.err)
				if last.err != ops.ErrCanceled && name == "read" {
					t.Errorf("the last operation was told %v, and was cancelled", last.err)
				}
				memory.check(t)
			})
		})
	}
}

// TestFreshSocket opens sockets, whose records were never used before, while another
// goroutine waits for the kernel: its events come to them without any other edge.
func TestFreshSocket(t *testing.T) {
	for _, m := range modes() {
		if m.runners == 0 {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t)
			hold := w.Hold()
			done := make(chan error, 1)
			go func() { done <- w.Run(context.Background()) }()
			l := w.listen("tcp", "127.0.0.1:0")
			const n = 100
			conns := make([]platform.Conn, n)
			told := make(chan error, 2*n)
			h := ops.HandlerFunc(func(_ int, err error) { told <- err })
			for i := range conns {
				w.Connect(&conns[i], "tcp", l.Addr().String(), h)
				l.Accept(new(platform.Conn), h)
				c, err := w.ListenPacket("udp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				for range 2 {
					if err := <-told; err != nil {
						t.Fatal(err)
					}
				}
			}
			hold.Release()
			w.Stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}
