//go:build !race

package platform_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

func TestPacketsAllocateNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.backend != "epoll" && w.backend != "iocp" || descriptor.CallsAllocate {
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

// TestBatchesAllocateNothing sends and reads several packets at a time, with control
// data, and single ones on a connected socket.
func TestBatchesAllocateNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.backend == "portable" || descriptor.CallsAllocate {
			t.Skip("only what this library calls itself is promised")
		}
		a := w.packets("udp4", "127.0.0.1:0")
		b := w.connectPacket("udp4", a.LocalAddr().String())
		err := a.EnablePacketInfo()
		plain := errors.Is(err, errors.ErrUnsupported)
		if err != nil && !plain {
			t.Fatal(err)
		}
		var slots [2]combinators.SingleSlot[ops.Operation]
		got := 0
		read := ops.WithAllocator(ops.HandlerFunc(func(n int, _ error) { got += n }), &slots[0])
		wrote := ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), &slots[1])
		in, out := rooms(4, 1), rooms(4, 1)
		for i := range out {
			if plain {
				break
			}
			out[i].ECN = uint8(i)
			out[i].Local = addrOf(b).Addr()
		}
		ctx := t.Context()
		once := func() {
			b.WriteBatch(out, wrote)
			w.Run(ctx)
			a.ReadBatch(in, read)
			w.Run(ctx)
			a.ReadBatch(in, read) // waits
			b.Write(out[0].Buf, wrote)
			w.Run(ctx)
		}
		once()
		idle := testing.AllocsPerRun(100, func() { w.Run(ctx); w.Run(ctx); w.Run(ctx) }) // Run watches the context
		if n := testing.AllocsPerRun(100, once); n != idle {
			t.Errorf("%v allocations, and %v of them by Run", n, idle)
		}
		if got != 102*5 {
			t.Errorf("%d packets of %d were read", got, 102*5)
		}
	})
}
