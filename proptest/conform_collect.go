package proptest

import (
	"runtime"
	"runtime/debug"

	"pgregory.net/rapid"
)

func (m *machine[T]) actCollect(*rapid.T) {
	m.write("runtime.GC()")
	m.collect()
}

// actCollectOften makes the collector run with almost every allocation, and
// changes on how many processors, for what follows.
func (m *machine[T]) actCollectOften(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "really") != 3 {
		return // it slows the program down a lot
	}
	procs := rapid.IntRange(1, 4).Draw(t, "procs")
	m.write("debug.SetGCPercent(1); runtime.GOMAXPROCS(%d)", procs)
	percent, before := debug.SetGCPercent(1), runtime.GOMAXPROCS(procs)
	t.Cleanup(func() {
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
