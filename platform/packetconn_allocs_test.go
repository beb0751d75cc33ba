//go:build !race

package platform_test

import (
	"net/netip"
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

func TestPacketsAllocateNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.backend != "epoll" {
			t.Skip("only what this library calls itself is promised")
		}
		a, b := w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
		var slots [2]combinators.SingleSlot[ops.Operation]
		got := 0
		read := ops.WithAllocator(ops.HandlerFunc(func(n int, _ error) { got += n }), &slots[0])
		wrote := ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), &slots[1])
		buf, from, to := make([]byte, 1), new(netip.AddrPort), addrOf(a)
		ctx := t.Context()
		once := func() {
			a.ReadFrom(buf, from, read)
			b.WriteTo(buf, to, wrote)
			w.Run(ctx)
		}
		once()
		idle := testing.AllocsPerRun(100, func() { w.Run(ctx) }) // Run watches the context
		if n := testing.AllocsPerRun(100, once); n != idle {
			t.Errorf("%v allocations, and %v of them by Run", n, idle)
		}
		if got != 102 {
			t.Errorf("%d packets of 102 were read", got)
		}
	})
}
