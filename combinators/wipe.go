package combinators

import "unsafe"

// wipe zeroes a whole block, whatever its length. One value is assigned: the
// compiler knows its size, and the general clear costs a call or two more. (Where a
// value is to be aligned by more than a word, such as an atomic one of 64 bits on 386, what
// is assigned would come from the heap.)
func wipe[T any](s []T) {
	if cap(s) == 1 && unsafe.Alignof(*new(T)) <= unsafe.Alignof(uintptr(0)) {
		*unsafe.SliceData(s) = *new(T)
		return
	}
	clear(s[:cap(s)])
}
