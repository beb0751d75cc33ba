package combinators

import "unsafe"

// extend returns the whole of a block of size values, of which s is the start.
// A block that was handed out as a part of what the parent gave goes back so.
func extend[T any](s []T, size int) []T { return unsafe.Slice(unsafe.SliceData(s), size) }

// refit makes s n values long within a block that has room for them. What is
// cut off holds no pointers then, if T can have some.
func refit[T any](s []T, n int, clears bool) []T {
	if clears && n < cap(s) {
		clear(s[n:cap(s)])
	}
	return unsafe.Slice(unsafe.SliceData(s), n)
}
