//go:build reach

package reach

import "sync/atomic"

// Enabled tells whether states are counted.
const Enabled = true

var counts [states]atomic.Uint64

// Sometimes counts the state, if the condition holds. Any goroutine may call it.
func Sometimes(is bool, s State) {
	if is {
		counts[s].Add(1)
	}
}

// Counts returns how often each state was reached so far, by [State].
func Counts() []uint64 {
	all := make([]uint64, states)
	for i := range all {
		all[i] = counts[i].Load()
	}
	return all
}
