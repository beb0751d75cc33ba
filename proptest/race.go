//go:build race

package proptest

import "runtime"

// raceEnabled tells whether the race detector is at work.
const raceEnabled = true

// Between raceOff and raceOn the race detector takes no notice of what this
// goroutine does to synchronise.
func raceOff() { runtime.RaceDisable() }
func raceOn()  { runtime.RaceEnable() }
