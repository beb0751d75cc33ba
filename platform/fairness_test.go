package platform_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// TestFairness keeps a proactor busy until a timer and a quiet connection were
// served. If they never are, it hangs.
func TestFairness(t *testing.T) {
	for name, storm := range map[string]func(w *world, busy func() bool){
		"handlers that post themselves": func(w *world, busy func() bool) {
			var again ops.HandlerFunc
			again = func(int, error) {
				if busy() {
					ops.Post(w, again)
				}
			}
			for range 4 {
				ops.Post(w, again)
			}
		},
		"handlers that defer themselves": func(w *world, busy func() bool) {
			var again ops.HandlerFunc
			again = func(int, error) {
				if busy() {
					ops.Defer(w, again)
				}
			}
			ops.Post(w, again)
		},
		"a busy connection": func(w *world, busy func() bool) {
			a, b := w.pair()
			send := make([]byte, 64<<10)
			receive := make([]byte, 64<<10)
			var read, written ops.HandlerFunc
			read = func(_ int, err error) {
				if err == nil {
					b.Read(receive, read)
				}
			}
			written = func(_ int, err error) {
				if busy() && err == nil {
					a.Write(send, written)
				} else {
					a.Close()
				}
			}
			b.Read(receive, read)
			a.Write(send, written)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				var served atomic.Int32
				quiet := func(_ int, err error) {
					if err != nil {
						w.t.Error(err)
					}
					served.Add(1)
				}
				c, peer := w.peer()
				storm(w, func() bool { return served.Load() < 2 })
				w.NewTimer().Wait(time.Millisecond, ops.HandlerFunc(func(_ int, err error) {
					quiet(0, err)
					peer.Write([]byte("x"))
				}))
				c.Read(make([]byte, 1), ops.HandlerFunc(quiet))
				w.run()
			})
		})
	}
}
