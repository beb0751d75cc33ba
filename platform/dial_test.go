package platform_test

import (
	"net"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// TestConnectAsDial connects where a listener of one family is or is not, and
// compares with what net.Dial does. A name that both families have is left out:
// Connect does not look names up, and takes the first of "tcp" to be IPv4.
func TestConnectAsDial(t *testing.T) {
	hosts := []string{"", "127.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]"}
	for _, listens := range []struct{ network, address string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}} {
		l, err := net.Listen(listens.network, listens.address)
		if err != nil {
			t.Skip(err) // no IPv6 here
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
			}
		}()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		for _, network := range []string{"tcp", "tcp4", "tcp6"} {
			for _, host := range hosts {
				if network == "tcp" && host == "[::]" {
					continue // of which net.Dial tries both families
				}
				address := host + ":" + port
				want := "refused"
				if c, err := net.Dial(network, address); err == nil {
					want = c.RemoteAddr().String()
					c.Close()
				}
				t.Run(listens.network+" listens/"+network+" "+host, func(t *testing.T) {
					each(t, func(t *testing.T, w *world) { w.reaches(network, address, want) })
				})
			}
		}
		for _, network := range []string{"tcp4", "tcp6"} {
			want := "refused"
			if network == listens.network {
				want = l.Addr().String()
			}
			t.Run(listens.network+" listens/"+network+" localhost", func(t *testing.T) {
				each(t, func(t *testing.T, w *world) { w.reaches(network, "localhost:"+port, want) })
			})
		}
	}
}

// reaches checks whom a connect reaches, or that it is refused.
func (w *world) reaches(network, address, want string) {
	w.t.Helper()
	var c platform.Conn
	var r result
	w.Connect(&c, network, address, &r)
	r.later(w.t)
	w.await(&r)
	got := "refused"
	if r.err == nil {
		got = c.RemoteAddr().String()
		c.Close()
	}
	if got != want {
		w.t.Errorf("%s %s reaches %s (%v), want %s", network, address, got, r.err, want)
	}
}
