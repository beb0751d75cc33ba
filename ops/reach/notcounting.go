//go:build !reach

package reach

// Enabled says whether states are counted.
const Enabled = false

// Sometimes does nothing in a program that is not built with the tag reach.
func Sometimes(bool, State) {}

// Counts returns zeros, indexed by [State], because nothing is counted.
func Counts() []uint64 { return make([]uint64, states) }
