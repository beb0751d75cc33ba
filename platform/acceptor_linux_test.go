package platform_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestAcceptorNoDescriptors has more clients than the process may have descriptors. It
// serves some, fails a few times, and serves the others when those have left.
func TestAcceptorNoDescriptors(t *testing.T) {
	if !apart(t, nil) {
		return
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const clients = 40
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			w, layer := m.failures(t)
			var served, failures atomic.Int32
			full := make(chan struct{})
			a := guests(func(*guest) { served.Add(1) })
			a.OnError = func(err error) {
				if !errors.Is(err, syscall.EMFILE) {
					t.Error(err)
				}
				if failures.Add(1) == 4 {
					close(full)
				}
			}
			var over result
			l := w.listen("tcp", "127.0.0.1:0")
			address := l.Addr().String()
			a.Start(l, &over)

			// The clients have their descriptors before there are no more.
			var peers [clients]net.Conn
			for i := range peers {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				c.SetDeadline(time.Now().Add(patience))
				peers[i] = c
			}
			spare := len(descriptors(t)) + 10
			if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(spare), Max: limit.Max}); err != nil {
				t.Fatal(err)
			}
			defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
			go func() {
				<-full
				if n := a.Live(); n == 0 || n == clients {
					t.Errorf("%d sessions live when no descriptor is left", n)
				}
				var all sync.WaitGroup
				for _, c := range peers {
					all.Go(func() {
						defer c.Close()
						c.Write([]byte("x"))
						if _, err := c.Read(make([]byte, 1)); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if err := a.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			}()
			w.run()
			over.want(t, 0, nil)
			if n := served.Load(); n != clients {
				t.Errorf("%d of %d clients were served", n, clients)
			}
			layer.mu.Lock()
			defer layer.mu.Unlock()
			if n := layer.attempts; n > 2*(clients+int(failures.Load()))+2 {
				t.Errorf("%d attempts to accept for %d clients and %d failures", n, clients, failures.Load())
			}
			t.Logf("%d failures, %d attempts", failures.Load(), layer.attempts)
		})
	}
}
