//go:build race

// Package race lets the proof record what happens without a trace in the race
// detector.
package race

import "runtime"

// Enabled tells whether the race detector is at work.
const Enabled = true

// Off and On: between them the race detector takes no notice of what this
// goroutine does to synchronise.
func Off() { runtime.RaceDisable() }
func On()  { runtime.RaceEnable() }
