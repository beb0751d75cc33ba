package platform_test

import (
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// TestRemoteAddrAtTheEnd asks for the peer of a connection that has ended, as one
// does to log the error.
func TestRemoteAddrAtTheEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		var reset result
		c.Read(make([]byte, 1), &reset)
		peer.SetLinger(0)
		peer.Close()
		w.await(&reset)
		d, peer := w.peer()
		var ended result
		d.CloseWrite()
		d.Read(make([]byte, 1), &ended)
		peer.Close()
		w.await(&ended)
		for conn, r := range map[*platform.Conn]*result{c: &reset, d: &ended} {
			if conn.RemoteAddr() == nil {
				t.Errorf("an open connection that was told %v has no RemoteAddr", r.err)
			}
			conn.Close()
		}
	})
}

// TestListenAgain listens on the address of a listener that was closed while it
// accepted, with a goroutine that computes beside.
func TestListenAgain(t *testing.T) {
	times := 50
	if testing.Short() {
		times = 10
	}
	each(t, func(t *testing.T, w *world) {
		stop := make(chan bool)
		defer close(stop)
		go func() {
			for n := 0; ; n++ {
				if n%100_000 == 0 {
					select {
					case <-stop:
						return
					default:
					}
				}
			}
		}()
		l := w.listen("tcp", "127.0.0.1:0")
		address := l.Addr().String()
		for range times {
			var accepted, tick result
			l.Accept(new(platform.Conn), &accepted)
			w.NewTimer().Wait(100*time.Microsecond, &tick)
			w.await(&tick)
			l.Close()
			var err error
			if l, err = w.Listen("tcp", address); err != nil {
				t.Fatal(err)
			}
			w.await(&accepted)
		}
		l.Close()
	})
}

// TestCloseUnlinked closes a listener whose path somebody has removed.
func TestCloseUnlinked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		name := socketPath(t)
		l := w.listen("unix", name)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}
