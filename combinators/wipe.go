package combinators

import "unsafe"

// wipe zeroes a whole block, whatever its length. One value is assigned: the compiler knows
// its size, and the general clear costs a call or two more. (Where a value must be aligned
// to more than a word, such as a 64-bit atomic on 386, the value that is assigned would be
// allocated on the heap.)
func wipe[T any](s []T) {
	if cap(s) == 1 && unsafe.Alignof(*new(T)) <= unsafe.Alignof(uintptr(0)) {
		*unsafe.SliceData(s) = *new(T)
		return
	}
	clear(s[:cap(s)])
}
