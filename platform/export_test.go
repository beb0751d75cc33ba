package platform

// ForceFlushes has the proactor flush with every operation, or only with a look.
func ForceFlushes(p *Proactor, withEach bool) { p.flushing.force(withEach) }
