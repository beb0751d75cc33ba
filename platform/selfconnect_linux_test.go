package platform_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform"
)

// TestConnectToItself connects to a port that nobody listens on and that the
// kernel may choose for the connecting end itself, which then would be its own
// peer. It does so where there are few ports to choose from.
func TestConnectToItself(t *testing.T) {
	if !apart(t, withOwn(syscall.CLONE_NEWNET)) {
		return
	}
	loopback(t)
	// The kernel prefers ports that are even like the first. Package net tries three
	// times, so there have to be more.
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40063"), 0); err != nil {
		t.Skip(err)
	}
	port := 40010
	each(t, func(t *testing.T, w *world) {
		port += 2 // one that was connected to itself is not chosen again for a minute
		for _, host := range []string{"127.0.0.1", "::1"} {
			to := net.JoinHostPort(host, fmt.Sprint(port))
			for i := range 400 {
				var c platform.Conn
				var r result
				w.Connect(&c, "tcp", to, &r)
				w.await(&r)
				if r.err == nil {
					t.Fatalf("try %d: connected %v to %v", i, c.LocalAddr(), c.RemoteAddr())
				}
				r.want(t, 0, syscall.ECONNREFUSED)
			}
		}
		for i := range 100 {
			var c platform.Conn
			d := &platform.Dialer{Resolver: &hosts{addrs: map[string][]string{"both.test": {"::1", "127.0.0.1"}}}}
			if err := w.dial(d, &c, "tcp", net.JoinHostPort("both.test", fmt.Sprint(port))); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Fatalf("dial %d: %v, connected %v to %v", i, err, c.LocalAddr(), c.RemoteAddr())
			}
		}
	})
}

// loopback switches the loopback interface on.
func loopback(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Skip(fmt.Errorf("switching on the loopback interface: %w", err))
	}
}
