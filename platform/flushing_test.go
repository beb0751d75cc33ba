package platform_test

import (
	"io"
	"net"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// What a handler has written reaches the peer while the handler works: here it waits for
// the peer to have read it.
func TestWriteLeavesWhileHandlerWorks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l, err := w.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		peer, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		const rounds = 3
		var conn platform.Conn
		read := make(chan error)
		go func() {
			for range rounds {
				_, err := io.ReadFull(peer, make([]byte, 5))
				read <- err
			}
		}()
		var sent result
		left := rounds
		var write ops.HandlerFunc
		write = func(n int, err error) {
			if left--; left < 0 || err != nil {
				sent.Complete(n, err)
				return
			}
			ops.WriteFull(&conn, []byte("hello"), write)
			w.within("the peer reading what a handler has written", func() {
				if err := <-read; err != nil {
					t.Error(err)
				}
			})
		}
		l.Accept(&conn, write)
		w.await(&sent)
		sent.want(t, 5, nil)
		conn.Close()
	})
}
