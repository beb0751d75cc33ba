//go:build reach

package reach

import "sync/atomic"

// Enabled says whether states are counted.
const Enabled = true

var counts [states]atomic.Uint64

// Sometimes counts the state if the condition is true. Any goroutine may call it.
func Sometimes(is bool, s State) {
	if is {
		counts[s].Add(1)
	}
}

// Counts returns how often each state has been reached so far, indexed by [State].
func Counts() []uint64 {
	all := make([]uint64, states)
	for i := range all {
		all[i] = counts[i].Load()
	}
	return all
}
