package platform_test

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestSingleRunnerMisused uses a proactor that was promised a single runner from
// another goroutine while that runner waits for the kernel, which then would not
// hear of it: that panics, and says what to do instead.
func TestSingleRunnerMisused(t *testing.T) {
	buf := make([]byte, 1)
	h := ops.HandlerFunc(func(int, error) {})
	for _, use := range []struct {
		name string
		of   func(*testing.T, *world) (use func())
	}{
		{"Read", func(t *testing.T, w *world) func() {
			a, _ := w.peer()
			return func() { a.Read(buf, h) }
		}},
		{"SetDeadline", func(t *testing.T, w *world) func() {
			a, _ := w.peer()
			return func() { a.SetDeadline(time.Now()) }
		}},
		{"Write", func(t *testing.T, w *world) func() {
			a, _ := w.peer()
			return func() { a.Write(buf, h) }
		}},
		{"WriteFull", func(t *testing.T, w *world) func() {
			a, _ := w.peer()
			return func() { ops.WriteFull(a, buf, h) }
		}},
		{"Accept", func(t *testing.T, w *world) func() {
			l := w.listen("tcp", "127.0.0.1:0")
			return func() { l.Accept(new(platform.Conn), h) }
		}},
		{"Connect", func(t *testing.T, w *world) func() {
			l := w.listen("tcp", "127.0.0.1:0")
			return func() { w.Connect(new(platform.Conn), "tcp", l.Addr().String(), h) }
		}},
		{"ReadFrom", func(t *testing.T, w *world) func() {
			c := w.packets("udp4", "127.0.0.1:0")
			return func() { c.ReadFrom(buf, nil, h) }
		}},
		{"WriteTo", func(t *testing.T, w *world) func() {
			c := w.packets("udp4", "127.0.0.1:0")
			return func() { c.WriteTo(buf, addrOf(c), h) }
		}},
		{"ReadAt", func(t *testing.T, w *world) func() {
			f := w.temp()
			return func() { f.ReadAt(buf, 0, h) }
		}},
		{"Wait", func(t *testing.T, w *world) func() {
			timer := w.NewTimer()
			return func() { timer.Wait(time.Hour, h) }
		}},
		{"Timer.Cancel", func(t *testing.T, w *world) func() {
			timer := w.NewTimer()
			timer.Wait(time.Hour, h)
			return timer.Cancel
		}},
		{"CancelSlot", func(t *testing.T, w *world) func() {
			a, _ := w.peer()
			slot := new(ops.CancelSlot)
			a.Read(buf, ops.WithCancelSlot(h, slot))
			return func() { slot.Cancel() }
		}},
		{"Conn.Close", func(t *testing.T, w *world) func() {
			a, _ := w.peer()
			a.Read(buf, h)
			return func() { a.Close() }
		}},
		{"Conn.Cancel", onConn(func(c *platform.Conn) { c.Cancel() })},
		{"Conn.CloseWrite", onConn(func(c *platform.Conn) { c.CloseWrite() })},
		{"Conn.Abort", onConn(func(c *platform.Conn) { c.Abort() })},
		{"TryRead", onConn(func(c *platform.Conn) { c.TryRead(make([]byte, 1)) })},
		{"TryWrite", onConn(func(c *platform.Conn) { c.TryWrite(make([]byte, 1)) })},
		{"SetNoDelay", onConn(func(c *platform.Conn) { c.SetNoDelay(true) })},
		{"SetReadBuffer", onConn(func(c *platform.Conn) { c.SetReadBuffer(1000) })},
		{"SetMulticastTTL", func(t *testing.T, w *world) func() {
			c := w.packets("udp4", "127.0.0.1:0")
			return func() { c.SetMulticastTTL(1) }
		}},
		{"SetUnlinkOnClose", func(t *testing.T, w *world) func() {
			l := w.listen("tcp", "127.0.0.1:0")
			return func() { l.SetUnlinkOnClose(false) }
		}},
		{"Listen", func(t *testing.T, w *world) func() {
			return func() { w.Listen("tcp", "127.0.0.1:0") }
		}},
		{"Dial", func(t *testing.T, w *world) func() {
			l := w.listen("tcp", "127.0.0.1:0")
			return func() { w.Dial(new(platform.Conn), "tcp", l.Addr().String(), h) }
		}},
		{"Acceptor.Start", func(t *testing.T, w *world) func() {
			a, l := guests(nil), w.listen("tcp", "127.0.0.1:0")
			return func() { a.Start(l, h) }
		}},
		{"CancelSlot of a Timer", func(t *testing.T, w *world) func() {
			slot := new(ops.CancelSlot)
			w.NewTimer().Wait(time.Hour, ops.WithCancelSlot(h, slot))
			return func() { slot.Cancel() }
		}},
		{"NewSignals", func(t *testing.T, w *world) func() {
			return func() { w.NewSignals(os.Interrupt) }
		}},
		{"Signals.Wait", onSignals(func(s *platform.Signals) { s.Wait(ignored) })},
		{"Signals.Cancel", onSignals(func(s *platform.Signals) { s.Cancel() })},
		{"Signals.Close", onSignals(func(s *platform.Signals) { s.Close() })},
		{"Defer", func(t *testing.T, w *world) func() {
			return func() { ops.Defer(w, h) }
		}},
	} {
		t.Run(use.name, func(t *testing.T) {
			for _, b := range platform.Backends() {
				t.Run(b, func(t *testing.T) {
					w := mode{backend: b}.open(t)
					f := use.of(t, w)
					hold := w.Hold()
					ended := make(chan error, 1)
					go runAlone(w.Proactor, ended)
					w.untilWaiting("runAlone")
					mustPanic(t, "Post", f)

					var posted result // which is the way to do it
					ops.Post(w, &posted)
					ops.Post(w, ops.HandlerFunc(func(int, error) { w.Stop() }))
					w.within("Run", func() {
						if err := <-ended; err != nil {
							t.Errorf("Run: %v", err)
						}
					})
					posted.want(t, 0, nil)
					hold.Release()
				})
			}
		})
	}
}

// onConn and onSignals have a connection, or Signals, used.
func onConn(use func(*platform.Conn)) func(*testing.T, *world) func() {
	return func(_ *testing.T, w *world) func() {
		a, _ := w.peer()
		return func() { use(a) }
	}
}

func onSignals(use func(*platform.Signals)) func(*testing.T, *world) func() {
	return func(t *testing.T, w *world) func() {
		s, err := w.NewSignals(os.Interrupt)
		if err != nil {
			t.Fatal(err)
		}
		return func() { use(s) }
	}
}

//go:noinline
func runAlone(p *platform.Proactor, ended chan<- error) { ended <- p.Run(context.Background()) }

// untilWaiting returns when the goroutine that a function of this package was
// started on waits for something: the runtime knows.
func (w *world) untilWaiting(function string) {
	w.t.Helper()
	all := make([]byte, 1<<20)
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		for g := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
			if !strings.Contains(g, "platform_test."+function+"(") {
				continue
			}
			head, _, _ := strings.Cut(g, "\n")
			for _, state := range []string{"[IO wait", "[select", "[chan receive"} {
				if strings.Contains(head, state) {
					return
				}
			}
			if strings.Contains(head, "[syscall") && w.Host().Parked() { // else it only looks
				return
			}
		}
		if time.Now().After(end) {
			w.hung("the runner, until it waits,")
		}
	}
}
