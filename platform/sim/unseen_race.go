//go:build race

package sim

import "runtime"

// unseen calls f, which lets another goroutine of World.Turns go on. The race detector
// does not see that f synchronizes: what the goroutines share must be guarded by the
// program, as it is where they run at the same time.
func unseen(f func()) {
	runtime.RaceDisable()
	defer runtime.RaceEnable()
	f()
}
