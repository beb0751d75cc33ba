package combinators

import "unsafe"

// wipe zeroes a whole block, whatever its length. One value is assigned: the
// compiler knows its size, and the general clear costs a call or two more.
func wipe[T any](s []T) {
	if cap(s) == 1 {
		var zero T
		*unsafe.SliceData(s) = zero
		return
	}
	clear(s[:cap(s)])
}
