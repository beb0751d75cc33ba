//go:build !race

package platform_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A redialer dials again when it was connected.
type redialer struct {
	w       *world
	d       platform.Dialer
	conn    platform.Conn
	slot    combinators.SingleSlot[ops.Operation]
	h       ops.Handler
	address string
	left    int
}

func (r *redialer) Complete(_ int, err error) {
	if err != nil {
		r.w.t.Error(err)
		return
	}
	r.conn.Close()
	r.dial()
}

func (r *redialer) dial() {
	if r.left--; r.left >= 0 {
		r.d.Dial(r.w.Proactor, &r.conn, "tcp", r.address, r.h)
	}
}

// TestDialAllocatesNothing dials numeric addresses, with a timeout and from an address.
func TestDialAllocatesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.runners > 0 || w.Backend() == "portable" || descriptor.CallsAllocate {
			t.Skip("runners are goroutines made for the test, and package net allocates")
		}
		const dials = 10
		for _, d := range []*redialer{
			{},
			{d: platform.Dialer{Timeout: time.Minute}},
			{d: platform.Dialer{LocalAddr: netip.MustParseAddrPort("127.0.0.2:0")}},
		} {
			// The kernel answers for the listener, whose queue has room for all of them.
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			d.w, d.address = w, l.Addr().String()
			d.h = ops.WithAllocator(d, &d.slot)
			run := func() {
				d.left = dials
				d.dial()
				w.Run(context.Background())
			}
			run()
			if n := testing.AllocsPerRun(5, run); n > 1 { // a Run makes one
				t.Errorf("%v allocations for %d dials of %+v", n, dials, d.d.LocalAddr)
			}
		}
	})
}
