package platform_test

import (
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestOpenedTwice has two goroutines open one Conn at the same time. One of them
// opens it, and the other is told that it is in use.
func TestOpenedTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.runners == 0 {
			t.Skip("one goroutine does everything")
		}
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		peers := make([]platform.Conn, 300)
		for i := range peers {
			c := new(platform.Conn)
			var told [2]result
			var both sync.WaitGroup
			for j := range told {
				both.Go(func() { w.Connect(c, "tcp", address, &told[j]) })
			}
			both.Wait()
			var accepted result
			l.Accept(&peers[i], &accepted)
			w.await(&told[0], &told[1], &accepted)
			switch a, b := told[0].err, told[1].err; {
			case a == nil && errors.Is(b, platform.ErrInUse), b == nil && errors.Is(a, platform.ErrInUse):
			default:
				t.Fatalf("round %d: told %v and %v, want one to be told %v", i, a, b, platform.ErrInUse)
			}
			if err := c.Close(); err != nil {
				t.Fatalf("round %d: closing what was connected: %v", i, err)
			}
			peers[i].Close()
		}
	})
}

// TestReopenedBetweenParts closes a connection between two parts of a composed read,
// and opens its Conn again, as the doc tells not to. The read must not go on with the
// bytes of another connection, whether or not that has the record of the old one.
func TestReopenedBetweenParts(t *testing.T) {
	for name, taken := range map[string]bool{"the same record": false, "another record": true} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				if w.runners > 1 {
					t.Skip("handlers have no order there")
				}
				path := socketPath(t)
				l, err := net.Listen("unix", path)
				if err != nil {
					t.Skip(err)
				}
				defer l.Close()
				dial := func(c *platform.Conn) net.Conn {
					var connected result
					w.Connect(c, "unix", path, &connected)
					w.await(&connected)
					connected.want(t, 0, nil)
					peer, err := l.Accept()
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { peer.Close() })
					return peer
				}
				var first, c, other platform.Conn
				firstPeer, peer := dial(&first), dial(&c)
				var told, reopened, connected, full result
				told.then = func() {
					c.Close()
					if taken {
						w.Connect(&other, "unix", path, &connected)
					}
					w.Connect(&c, "unix", path, &reopened)
				}
				got := make([]byte, 4)
				first.Read(make([]byte, 1), &told)
				ops.ReadFull(&c, got, &full)
				firstPeer.Write([]byte("x"))
				peer.Write([]byte("AA"))
				w.await(&told)
				go func() {
					for {
						next, err := l.Accept()
						if err != nil {
							return
						}
						next.Write([]byte("BB"))
						defer next.Close()
					}
				}()
				w.await(&reopened)
				if reopened.err == nil {
					w.await(&full)
					if full.err == nil || full.n == 4 {
						t.Errorf("a read was told %d, %v, with %q of two connections", full.n, full.err, got)
					}
				}
			})
		})
	}
}
