package platform_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// What a handler has written reaches the peer while the handler works: here it waits for
// the peer to have read it. That is so from the first handler on, and again when many that
// are quick were followed by one that is not.
func TestWriteLeavesWhileHandlerWorks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l, err := w.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		peer, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		read := make(chan error, 10)
		go func() {
			for err := error(nil); err == nil; {
				_, err = io.ReadFull(peer, make([]byte, 5))
				read <- err
			}
		}()

		var conn platform.Conn
		write := func(h ops.Handler) { ops.WriteFull(&conn, []byte("hello"), h) }
		await := func() {
			w.within("the peer reading what a handler has written", func() {
				if err := <-read; err != nil {
					t.Error(err)
				}
			})
		}
		// writeAndWait does so in several handlers, one after the other.
		writeAndWait := func(r *result) ops.HandlerFunc {
			left := 3
			var next ops.HandlerFunc
			next = func(n int, err error) {
				if left--; left < 0 || err != nil {
					r.Complete(n, err)
					return
				}
				write(next)
				await()
			}
			return next
		}

		var first, quick, later result
		l.Accept(&conn, writeAndWait(&first))
		w.await(&first)
		first.want(t, 5, nil)

		left := 10_000
		var again ops.HandlerFunc
		again = func(n int, err error) {
			if left--; left > 0 {
				ops.Post(w, again)
				return
			}
			quick.Complete(n, err)
		}
		ops.Post(w, again)
		w.await(&quick)

		ops.Post(w, ops.HandlerFunc(func(int, error) {
			write(ops.HandlerFunc(func(int, error) { // whose time counts alone
				await()
				for start := time.Now(); time.Since(start) < 20*time.Millisecond; {
				}
				write(ops.HandlerFunc(func(n int, err error) {
					await()
					writeAndWait(&later)(n, err)
				}))
			}))
		}))
		w.await(&later)
		later.want(t, 5, nil)
		conn.Close()
	})
}
