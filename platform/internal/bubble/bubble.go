// Package bubble tells whether a goroutine is in a bubble of package testing/synctest,
// without importing that.
package bubble

import "time"

// Now returns the time of day, and whether it is that of a bubble, in which the goroutine
// then is. It costs what time.Now costs.
//
// In a bubble, and nowhere else, time.Now returns a time without a monotonic clock
// reading: runtime.time_runtimeNow leaves it out on purpose, since Go 1.25. Round(0)
// strips one that there is.
func Now() (now time.Time, inside bool) {
	now = time.Now()
	return now, now == now.Round(0)
}

// Inside reports whether the goroutine is in a bubble.
func Inside() bool {
	_, inside := Now()
	return inside
}
