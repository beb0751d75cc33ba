//go:build !race

package sim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// To wait for virtual time in a bubble allocates nothing.
func TestBubbleWaitAllocatesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, sim.New(sim.Calm))
		w.run(1)
		timer, ended := w.NewTimer(), make(chan struct{})
		h := ops.HandlerFunc(func(int, error) { ended <- struct{}{} })
		start := time.Now()
		if n := testing.AllocsPerRun(100, func() {
			timer.Wait(time.Minute, h)
			<-ended
		}); n != 0 {
			t.Errorf("a wait allocates %v times", n)
		}
		if took := time.Since(start); took != 101*time.Minute {
			t.Errorf("101 waits take %v", took)
		}
		w.Close()
		w.ran.Wait()
	})
}
