package uring_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// TestNonblockingWaits starts requests on sockets that do not block and are not ready. The
// kernel waits for them all the same: to report EAGAIN would have the request made again in
// each poll. So a socket that was made not to block once can stay so.
func TestNonblockingWaits(t *testing.T) {
	for _, how := range []string{"read", "read ahead", "read several", "write", "write several", "accept"} {
		t.Run(how, func(t *testing.T) {
			st := newStream(t, platform.SingleRunner())
			st.b.ReceiveBy(uring.Multishot)
			l, err := st.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(name, []byte("."), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := st.OpenFile(name, os.O_RDONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			raw, err := st.conn.SyscallConn()
			if how == "accept" {
				raw, err = l.SyscallConn()
			}
			if err != nil {
				t.Fatal(err)
			}
			raw.Control(func(fd uintptr) { err = unix.SetNonblock(int(fd), true) })
			if err != nil {
				t.Fatal(err)
			}
			ended, told := false, error(nil)
			h := ops.HandlerFunc(func(_ int, err error) {
				ended, told = true, err
				st.Stop()
			})
			var accepted platform.Conn
			large := make([]byte, 32<<20) // more than fits the buffers of the connection
			switch how {
			case "read":
				st.conn.Read(large, h)
			case "read ahead":
				st.conn.Read(large[:1], h)
			case "read several":
				st.conn.ReadVectored([][]byte{large[:1], large[1:]}, h)
			case "write":
				ops.WriteFull(&st.conn, large, h)
			case "write several":
				ops.WriteVectoredFull(&st.conn, [][]byte{large[:1], large[1:]}, h)
			case "accept":
				l.Accept(&accepted, h)
			}
			poll := func() { st.run(t, func(h ops.Handler) { f.ReadAt(make([]byte, 1), 0, h) }) }
			for range 20 { // until the buffers are full
				poll()
			}
			const rounds = 200
			before := st.b.Requests()
			for range rounds { // each a request, and a poll
				poll()
			}
			if n := st.b.Requests() - before - rounds; n > rounds/10 || ended {
				t.Fatalf("%d requests in %d polls, and nothing is ready; ended %v", n, rounds, ended)
			}
			switch how {
			case "accept":
				c, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
			case "write", "write several":
				go io.Copy(io.Discard, st.peer)
			default:
				if _, err := st.peer.Write([]byte("!")); err != nil {
					t.Fatal(err)
				}
			}
			if err := st.Run(context.Background()); err != nil || told != nil || !ended {
				t.Errorf("ended %v, with %v; Run: %v", ended, told, err)
			}
		})
	}
}
