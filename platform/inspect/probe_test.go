package inspect

import (
	"context"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// TestProbeAllocatesNothing posts a probe, and runs the proactor until it was called.
// What is left is the reader's: the channel that it waits on.
func TestProbeAllocatesNothing(t *testing.T) {
	for name, options := range map[string][]platform.Option{"single": {platform.SingleRunner()}, "several": nil} {
		t.Run(name, func(t *testing.T) {
			p, err := platform.New(options...)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			probed := new(probe)
			ctx := context.Background()
			once := func() {
				called := probed.post(p)
				if err := p.Run(ctx); err != nil {
					t.Error(err)
				}
				<-called
				if took, waiting := probed.latency(); took <= 0 || waiting {
					t.Errorf("a probe that was called took %v, and is waiting: %v", took, waiting)
				}
			}
			once()
			base := testing.AllocsPerRun(100, func() { p.Run(ctx) })
			if got := testing.AllocsPerRun(100, once) - base; got > 1 {
				t.Errorf("%v allocations for a probe, want the reader's channel and nothing else", got)
			}
		})
	}
}
