package chains

import (
	"fmt"
	"os"

	"github.com/heirloom-go/heirloom/ops"
)

// A chain waits for a signal that it sends to the process itself, before or after it has
// begun to wait. The others get it as well, so one may have arrived before, as a signal that
// nobody has waited for is kept.

// openSignals opens the chain's signals if a step of it needs them.
func (c *chainRun) openSignals() (err error) {
	for _, s := range c.program.Steps {
		if s.Kind == "wait signal" && c.signals == nil {
			if c.signals, err = c.run.proactor.NewSignals(harmlessSignal); err != nil {
				return fmt.Errorf("chains: %w", err)
			}
		}
	}
	return nil
}

func drawSignal(d *drawing, s *Step) bool {
	s.After = d.one("sent afterwards", 2)
	return true
}

func signalText(s *Step) string {
	return "sent " + when(s.After, "after") + when(!s.After, "before") + " it begins"
}

func startWaitSignal(c *chainRun, s *Step, h ops.Handler) {
	if !canRaise {
		ops.Post(c.executor(), h)
		return
	}
	if !s.After {
		c.run.raise(harmlessSignal)
	}
	c.signals.Wait(h)
	if s.After {
		c.run.raise(harmlessSignal)
	}
}

func (r *run) raise(sig os.Signal) {
	if r.world != nil {
		r.world.Raise(sig)
		return
	}
	raise(sig)
}

func checkWaitSignal(c *chainRun, s *Step, n int, err error) string {
	if !canRaise {
		return plain(c, s, n, err)
	}
	if n != int(harmlessSignal) || err != nil {
		return fmt.Sprintf("must be %d, nil", harmlessSignal)
	}
	return ""
}

func cancelSignals(c *chainRun, _ *Step) func() { return c.signals.Cancel }
