package platform_test

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// TestDeadlineWakes moves a deadline while the runners wait for the one that was
// there, or for ever.
func TestDeadlineWakes(t *testing.T) {
	for _, m := range modes() {
		if m.runners == 0 {
			continue // only the runner may
		}
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t)
			a, _ := w.peer()
			for _, first := range []time.Time{{}, hence()} {
				for _, second := range []func() time.Time{soon, func() time.Time { return longAgo }} {
					var r result
					a.SetReadDeadline(first)
					a.Read(make([]byte, 1), &r)
					hold := w.Hold()
					go func() {
						defer hold.Release()
						for !w.Host().Parked() {
							time.Sleep(time.Microsecond)
						}
						a.SetReadDeadline(second())
					}()
					w.run()
					r.want(t, 0, os.ErrDeadlineExceeded)
				}
			}
		})
	}
}

// TestDeadlineRace moves the deadline of reads while what they wait for arrives. Each
// ends once, one way or the other, and no byte is lost.
func TestDeadlineRace(t *testing.T) {
	size := 2000
	if testing.Short() {
		size = 200 // on one processor the goroutine below has most of it
	}
	for _, m := range modes() {
		if m.runners == 0 {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t)
			a, peer := w.peer()
			got, late := 0, 0
			var done atomic.Bool
			buf := make([]byte, 1)
			var h ops.HandlerFunc
			h = func(n int, err error) {
				switch {
				case err == os.ErrDeadlineExceeded && n == 0:
					late++
				case err != nil || n != 1 || buf[0] != byte(got):
					t.Errorf("after %d bytes: (%d, %v) and the byte %d", got, n, err, buf[0])
					return
				default:
					got++
				}
				if got == size {
					done.Store(true)
					return
				}
				a.Read(buf, h)
			}
			a.Read(buf, h)
			var others sync.WaitGroup
			defer others.Wait()
			defer done.Store(true) // should Run fail
			others.Go(func() {
				for i := 0; !done.Load(); i++ {
					switch i % 4 {
					case 0:
						a.SetDeadline(longAgo)
					case 1:
						a.SetReadDeadline(time.Now().Add(10 * time.Microsecond))
					default:
						a.SetReadDeadline(time.Time{})
					}
					runtime.Gosched() // otherwise one processor does nothing else
				}
			})
			others.Go(func() {
				for i := range size {
					peer.Write([]byte{byte(i)})
				}
			})
			w.run()
			if got != size {
				t.Errorf("%d of %d bytes arrived", got, size)
			}
			t.Logf("%d reads were late", late)
		})
	}
}
