package platform_test

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestAcceptLoop runs a loop of accepts, as a program may have one of its own, where
// they fail for want of descriptors: it waits a little, goes on, and serves whoever came
// meanwhile.
func TestAcceptLoop(t *testing.T) {
	if !apart(t, nil) {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 100, Max: 100}); err != nil {
		t.Fatal(err)
	}
	eachAndFakes(t, func(t *testing.T, w *world) {
		const clients, failures = 3, 5
		l := w.listen("tcp", "127.0.0.1:0")
		for range clients {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		free := noDescriptors(t)
		pause := w.NewTimer()
		failed, accepted := 0, 0
		var accept func()
		accept = func() {
			c := new(platform.Conn)
			l.Accept(c, ops.HandlerFunc(func(_ int, err error) {
				switch {
				case errors.Is(err, syscall.EMFILE):
					if failed++; failed == failures {
						free()
					}
					pause.Wait(time.Millisecond, ops.HandlerFunc(func(int, error) { accept() }))
					return
				case err != nil:
					t.Error(err)
					return
				}
				c.Close()
				if accepted++; accepted < clients {
					accept()
				}
			}))
		}
		accept()
		w.run()
		if failed != failures || accepted != clients {
			t.Errorf("accepting has failed %d times, then %d were accepted, want %d and %d", failed, accepted, failures, clients)
		}
		l.Close()
	})
}
