//go:build unix && !race

package platform_test

import (
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// TestSignalsAllocs checks that a wait and the signal that ends it allocate nothing.
func TestSignalsAllocs(t *testing.T) {
	keepAlive(t)
	each(t, func(t *testing.T, w *world) {
		s := w.signals(syscall.SIGUSR1)
		h := &signalWait{stop: w.Stop}
		got := testing.AllocsPerRun(50, func() {
			s.Wait(h)
			if err := syscall.Kill(syscall.Getpid(), syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
			for h.calls = 0; h.calls == 0; {
				if err := w.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		})
		// To run with a context allocates; so the same is done without a signal.
		without := testing.AllocsPerRun(50, func() {
			ops.Post(w, h)
			for h.calls = 0; h.calls == 0; {
				if err := w.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		})
		if got > without {
			t.Errorf("a wait and a signal allocate %v times, want 0", got-without)
		}
	})
}

type signalWait struct {
	slot  combinators.SingleSlot[ops.Operation]
	calls int
	stop  func()
}

func (h *signalWait) Allocator() allocator.Allocator[ops.Operation] { return &h.slot }

func (h *signalWait) Complete(int, error) {
	h.calls++
	h.stop()
}
