package platform

import "github.com/heirloom-go/heirloom/platform/backend"

// Splices reports whether a Copier may have the system move what c brings, or is to be
// given.
func Splices(c *Conn) bool {
	b, ok := c.h.proactor().backend.(backend.Splicer)
	return ok && c.h.splices(b)
}

// ReplaceLowest puts what replace returns in the place of the backend below all layers. Only
// what the proactor asks that for changes, and only what it asks after New.
func ReplaceLowest(p *Proactor, replace func(backend.Backend) backend.Backend) {
	p.lowest = replace(p.lowest)
}

// ForceFlushes has the proactor flush with every operation, or only with a look.
func ForceFlushes(p *Proactor, withEach bool) { p.flushing.force(withEach) }

// force has it flush with each operation, or only when the leader looks, whatever handlers
// take.
func (f *flushing) force(eager bool) {
	if f.flush == nil {
		return
	}
	f.fixed = false
	if f.learn(1); eager {
		f.learn(unknownMean)
	}
	f.fixed = true
}
