package platform_test

import (
	"net"
	"runtime"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestThreadDies ends the thread that has handed the kernel its operations, which
// then go on for whoever runs the proactor next.
func TestThreadDies(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t)
			l := w.listen("tcp", "127.0.0.1:0")
			a, b := w.pair()
			silent := stuck(t)
			var accepted, waits, client platform.Conn
			var read, accept, connect, served result
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				runtime.LockOSThread() // and it is never unlocked, so the thread ends with the goroutine
				a.Read(make([]byte, 40_000), &read)
				l.Accept(&accepted, &accept)
				w.Connect(&waits, "tcp", silent, &connect)
				ops.Post(w, ops.HandlerFunc(func(int, error) { w.Stop() }))
				w.Run(t.Context())
			}()
			<-ended

			ops.WriteFull(b, []byte("x"), &result{})
			w.Connect(&client, "tcp", l.Addr().String(), &served)
			w.await(&read)
			w.await(&accept)
			w.await(&served)
			connect.later(t)
			waits.Close()
			w.run()
			read.want(t, 1, nil)
			accept.want(t, 0, nil)
			served.want(t, 0, nil)
			connect.want(t, 0, net.ErrClosed)
		})
	}
}
