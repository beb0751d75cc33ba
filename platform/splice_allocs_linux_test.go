//go:build !race && !bsdcalls

package platform_test

import (
	"context"
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestSpliceAllocatesNothing moves large blocks through a pipe that is open, each way.
func TestSpliceAllocatesNothing(t *testing.T) {
	for _, b := range []string{"epoll", "io_uring"} {
		t.Run(b, func(t *testing.T) {
			if !slices.Contains(platform.Backends(), b) {
				t.Skip("not here")
			}
			m := mode{backend: b}
			w, x := m.openSplicing(t)
			client, a := w.pair()
			c, server := w.pair()
			var pipe ops.Pipe
			var end result
			pipe.Start(a, c, make([]byte, 8<<10), &end)
			sent, got := make([]byte, 400_000), make([]byte, 400_000)
			sending := ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), new(combinators.SingleSlot[ops.Operation]))
			came := ops.WithAllocator(ops.HandlerFunc(func(_ int, err error) {
				if w.Stop(); err != nil {
					t.Error(err)
				}
			}), new(combinators.SingleSlot[ops.Operation]))
			ctx := context.Background()
			once := func() {
				ops.ReadFull(server, got, came)
				ops.WriteFull(client, sent, sending)
				w.Run(ctx)
				ops.ReadFull(client, got, came)
				ops.WriteFull(server, sent, sending)
				w.Run(ctx)
			}
			for range 20 {
				once()
			}
			empty := testing.AllocsPerRun(50, func() { // Run's own
				for range 2 {
					ops.Post(w, came)
					w.Run(ctx)
				}
			})
			before := x.taken.Load()
			if n := testing.AllocsPerRun(50, once); n != empty {
				t.Errorf("%v allocations for two blocks, and %v of them by Run", n, empty)
			}
			if x.taken.Load() < before+50 {
				t.Errorf("something was spliced only %d times", x.taken.Load()-before)
			}
			client.Close()
			server.Close()
			w.await(&end)
			end.want(t, 0, nil)
		})
	}
}
