package contract_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// Draw a run of your own: let a ledger watch it, and write its timeline to a
// file. Here the run is simulated.
func ExampleTimeline_WriteSVG() {
	l := contract.NewLedger()
	w := sim.New(sim.Calm, sim.Alone())
	p, err := platform.New(append(l.Options(), platform.WithCustomBackend(w.Backend), platform.SingleRunner())...)
	if err != nil {
		panic(err)
	}
	chain, timer := l.Chain("timer"), p.NewTimer()
	chain.Start("wait an hour", ops.HandlerFunc(func(int, error) {
		chain.Start("wait a second", ops.HandlerFunc(func(int, error) {}), func(h ops.Handler) { timer.Wait(time.Second, h) })
	}), func(h ops.Handler) { timer.Wait(time.Hour, h) })
	l.Run(context.Background(), p)
	l.Close(p)
	l.Finish()

	dir, err := os.MkdirTemp("", "timeline")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	f, err := os.Create(filepath.Join(dir, "waiting.svg"))
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if err := l.Timeline().WriteSVG(f, "Waiting"); err != nil {
		panic(err)
	}
	fmt.Println("look at", filepath.Base(f.Name()))
	// Output: look at waiting.svg
}
