package platform_test

import (
	"net"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform"
)

// TestAcceptBurst has as many accepts outstanding as clients come at once, and then
// more clients. Those that nobody asks for are left to the kernel.
func TestAcceptBurst(t *testing.T) {
	eachAndFakes(t, func(t *testing.T, w *world) {
		if w.backend == "portable" {
			t.Skip("package net may have accepted one that nobody asks for")
		}
		const asked, unasked = 60, 5
		l := w.listen("tcp", "127.0.0.1:0")
		conns := make([]platform.Conn, asked)
		told := make([]result, asked)
		for i := range conns {
			l.Accept(&conns[i], &told[i])
		}
		var peers []net.Conn
		for range asked + unasked {
			peer, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			peers = append(peers, peer)
		}
		w.run()
		if n := taken(t, l.Addr()); n != asked {
			t.Errorf("%d connections were taken for %d accepts", n, asked)
		}
		for i := range told {
			told[i].want(t, 0, nil)
			if got, want := conns[i].RemoteAddr().String(), peers[i].LocalAddr().String(); got != want {
				t.Errorf("accept %d got %s, want %s", i, got, want)
			}
			conns[i].Close()
		}
		for i := range unasked {
			var late result
			l.Accept(&conns[i], &late)
			w.await(&late)
			late.want(t, 0, nil)
			conns[i].Close()
		}
		l.Close()
	})
}

// taken returns how many descriptors the process has for connections to a listener.
func taken(t *testing.T, l net.Addr) (n int) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range fds {
		fd, err := strconv.Atoi(name.Name())
		if err != nil {
			t.Fatal(err)
		}
		local, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		sa, ok := local.(*unix.SockaddrInet4)
		if _, err := unix.Getpeername(fd); ok && err == nil && sa.Port == l.(*net.TCPAddr).Port {
			n++
		}
	}
	return n
}
