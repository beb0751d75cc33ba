package sim_test

import (
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestRaise has signals arrive while nobody waits: each is kept once, in the order in
// which they have come, and one that nobody has asked for is not.
func TestRaise(t *testing.T) {
	w := sim.New(sim.Seeded(1), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := p.NewSignals(os.Interrupt, syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		w.Raise(sig)
	}
	var got []syscall.Signal
	var h ops.HandlerFunc
	h = func(n int, err error) {
		if err != nil {
			t.Error(err)
		}
		if got = append(got, syscall.Signal(n)); len(got) < 3 {
			s.Wait(h)
		}
		if len(got) == 2 {
			w.Raise(os.Interrupt) // to the wait that is outstanding
		}
	}
	s.Wait(h)
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGINT}, got); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	w.Raise(os.Interrupt) // to nobody
}
