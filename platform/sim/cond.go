package sim

import (
	"slices"
	"sync"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// NewCond returns a condition variable with the lock l, on which goroutines of
// [World.Turns] can wait for one another. Elsewhere it behaves like a sync.Cond.
// Hold l when you call its methods.
func (w *World) NewCond(l sync.Locker) backend.Cond {
	return &cond{w: w, elsewhere: sync.Cond{L: l}}
}

// NewCond implements backend.Conductor.
func (b *kernel) NewCond(l sync.Locker) backend.Cond { return b.w.NewCond(l) }

type cond struct {
	w         *World
	waiting   []*turn // the one that has waited longest is first
	elsewhere sync.Cond
}

func (c *cond) Wait() {
	w := c.w
	w.mu.Lock()
	if w.turns == nil {
		w.mu.Unlock()
		c.elsewhere.Wait()
		return
	}
	own := w.turns.current
	own.waits = true
	c.waiting = append(c.waiting, own)
	c.elsewhere.L.Unlock()
	defer c.elsewhere.L.Lock() // also if the observer or the Chooser panics
	defer c.resumed(own)
	w.pass()
}

// resumed ends the wait of own, even if nobody has woken it.
func (c *cond) resumed(own *turn) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if own.waits {
		own.waits = false
		c.waiting = slices.DeleteFunc(c.waiting, func(t *turn) bool { return t == own })
	}
	own.check()
}

func (c *cond) Signal() {
	c.w.mu.Lock()
	if len(c.waiting) > 0 {
		c.waiting[0].waits = false
		c.waiting = slices.Delete(c.waiting, 0, 1)
	}
	c.w.mu.Unlock()
	c.elsewhere.Signal()
}

func (c *cond) Broadcast() {
	c.w.mu.Lock()
	for _, t := range c.waiting {
		t.waits = false
	}
	c.waiting = c.waiting[:0]
	c.w.mu.Unlock()
	c.elsewhere.Broadcast()
}
