package allocator

import "unsafe"

// Retire marks storage as released. It and [Reissue] are for those who write an
// allocator that keeps released storage and hands it out again: it calls Retire
// last in its Deallocate, and Reissue first when it hands the same storage out,
// to a caller or back to its parent. Both mark the whole capacity.
//
// In a build with the race detector the two make the life of a block visible
// to it: a use of a released block from another goroutine is reported as a
// race with the release, and the release happens before whatever the next
// owner does. In a build with the address sanitizer (-asan, which takes cgo)
// every use of a released block is reported, with the place of the use. In an
// ordinary build they do nothing and cost nothing.
func Retire[T any](s []T) {
	retire(unsafe.Pointer(unsafe.SliceData(s)), cap(s)*int(unsafe.Sizeof(*new(T))))
}

// Reissue marks storage as handed out once more; see [Retire].
func Reissue[T any](s []T) {
	reissue(unsafe.Pointer(unsafe.SliceData(s)), cap(s)*int(unsafe.Sizeof(*new(T))))
}
