package proptest

import (
	"runtime"
	"runtime/debug"
)

// collectOften makes the collector run with almost every allocation, and changes
// on how many processors, for what follows.
func (m *machine[T]) collectOften(procs int) {
	m.write("debug.SetGCPercent(1); runtime.GOMAXPROCS(%d)", procs)
	percent, before := debug.SetGCPercent(1), runtime.GOMAXPROCS(procs)
	m.closers = append(m.closers, func() {
		debug.SetGCPercent(percent)
		runtime.GOMAXPROCS(before)
	})
}

// collect runs the garbage collector and checks what it found.
func (m *machine[T]) collect() {
	runtime.GC()
	for _, b := range m.live {
		if b.at != 0 && b.points.Value() == nil {
			m.fail(survivesCollection, "what %v points to was collected, and the block is live", b)
		}
	}
	for range 3 {
		kept := m.released[:0]
		for _, p := range m.released {
			if p.Value() != nil {
				kept = append(kept, p)
			}
		}
		m.released = kept
		if len(kept) == 0 {
			return
		}
		runtime.GC() // a stack may have been looked at conservatively
	}
	m.fail(keepsNothingAlive, "%d released blocks keep alive what they pointed to", len(m.released))
}
