package platform_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/platform"
)

// The options of a Dialer are those of the connection, whether its address is numeric or
// a name, and besides a source address.
func TestDialOptions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		_, port, _ := net.SplitHostPort(l.Addr().String())
		for _, host := range []string{"127.0.0.1", "localhost"} {
			for _, from := range []netip.AddrPort{{}, netip.MustParseAddrPort("127.0.0.1:0")} {
				d := platform.Dialer{LocalAddr: from, SocketOptions: platform.SocketOptions{
					Delay:     true,
					KeepAlive: net.KeepAliveConfig{Idle: 7 * time.Second, Interval: 3 * time.Second, Count: 2},
				}}
				var accepted, c platform.Conn
				var ra, rd result
				l.Accept(&accepted, &ra)
				d.Dial(w.Proactor, &c, "tcp", net.JoinHostPort(host, port), &rd)
				w.await(&ra, &rd)
				rd.want(t, 0, nil)
				want := setting{KeepAlive: true, Idle: 7, Interval: 3, Count: 2}
				if diff := cmp.Diff(want, settingOf(t, &c)); diff != "" {
					t.Errorf("%s from %v (-want +got):\n%s", host, from, diff)
				}
				accepted.Close()
				c.Close()
			}
		}
	})
}
