package chains

import (
	"sync"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// On a simulated platform the Chooser also decides which of several runners goes on. They
// take turns, see sim.World.Turns: one goes on until it polls, waits for another that polls,
// or is at a place where the run yields. Those are in handlers, where nothing of the library
// is locked: an operation that is started, or cancelled, takes effect all at once.

// yield lets another runner go on.
func (r *run) yield() {
	if r.world != nil && r.program.Runners > 1 {
		r.world.Yield()
	}
}

// A gate is shut until it is opened, for good.
type gate struct {
	mu     sync.Mutex
	isOpen bool
	cond   backend.Cond
}

func (r *run) newGate() *gate {
	g := new(gate)
	if r.world != nil {
		g.cond = r.world.NewCond(&g.mu)
	} else {
		g.cond = sync.NewCond(&g.mu)
	}
	return g
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isOpen = true
	g.cond.Broadcast()
}

// pass waits until the gate is open.
func (g *gate) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.isOpen {
		g.cond.Wait()
	}
}
