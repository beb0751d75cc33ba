package platform_test

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// TestReadFromEndsEarly ends a ReadFrom before there is a packet. The sender's
// address is then as it was, also when a packet comes later.
func TestReadFromEndsEarly(t *testing.T) {
	before := netip.MustParseAddrPort("192.0.2.1:7")
	each(t, func(t *testing.T, w *world) {
		for _, end := range []struct {
			name string
			want error
		}{{"slot", ops.ErrCanceled}, {"all", ops.ErrCanceled}, {"timeout", os.ErrDeadlineExceeded}, {"close", net.ErrClosed}} {
			a, b := w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
			to := addrOf(a)
			from := before
			var slot ops.CancelSlot
			var r, sent result
			h := ops.WithCancelSlot(&r, &slot)
			if end.name == "timeout" {
				h = ops.WithTimeout(h, time.Microsecond)
			}
			a.ReadFrom(make([]byte, 1), &from, h)
			ops.Post(w, ops.HandlerFunc(func(int, error) {
				switch end.name {
				case "slot":
					slot.Cancel()
				case "all":
					a.Cancel()
				case "close":
					a.Close()
				}
			}))
			w.run()
			r.want(t, 0, end.want)
			if from != before {
				t.Errorf("%s: the sender is %v, and was %v before", end.name, from, before)
			}
			from = before
			b.WriteTo([]byte{1}, to, &sent)
			w.run()
			if from != before {
				t.Errorf("%s: the packet after it has made the sender %v", end.name, from)
			}
			a.Close()
			b.Close()
		}
	})
}
