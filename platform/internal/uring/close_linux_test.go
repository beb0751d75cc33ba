package uring_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// TestCloseEndsStream closes a stream whose read was started by a thread that computes.
// The kernel keeps the socket until that thread lets go of the read, but the stream has
// ended when Close returns.
func TestCloseEndsStream(t *testing.T) {
	for _, mode := range []uring.ReceiveMode{uring.OneShot, uring.Multishot} {
		for _, unread := range []int{0, 100} {
			if unread > 0 && mode == uring.OneShot {
				continue // it is the kernel's
			}
			t.Run(fmt.Sprintf("mode=%d/unread=%d", mode, unread), func(t *testing.T) {
				st := newStream(t, platform.SingleRunner())
				st.b.ReceiveBy(mode)
				var computes sync.WaitGroup
				var done atomic.Bool
				defer computes.Wait()
				defer done.Store(true)
				started := make(chan bool)
				computes.Go(func() {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
					if unread > 0 {
						st.peer.Write(make([]byte, 1+unread))
						st.run(t, func(h ops.Handler) { st.conn.Read(make([]byte, 1), h) })
					} else {
						st.conn.Read(make([]byte, 8), ops.HandlerFunc(func(int, error) {}))
						st.b.Flush()
					}
					close(started)
					for !done.Load() {
					}
				})
				<-started
				st.conn.Close()
				const established = "01"
				if state := stateOf(t, st.peer.RemoteAddr().(*net.TCPAddr), st.peer.LocalAddr().(*net.TCPAddr)); state == established {
					t.Errorf("the stream is established")
				}
			})
		}
	}
}

// stateOf returns the state of the TCP socket with two IPv4 addresses, as the system's
// table of them has it, or nothing if it is not there.
func stateOf(t *testing.T, local, peer *net.TCPAddr) string {
	t.Helper()
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Skip(err)
	}
	address := func(a *net.TCPAddr) string {
		return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(a.IP.To4()), a.Port)
	}
	for line := range bytes.Lines(table) {
		if f := bytes.Fields(line); len(f) > 3 && string(f[1]) == address(local) && string(f[2]) == address(peer) {
			return string(f[3])
		}
	}
	return ""
}
