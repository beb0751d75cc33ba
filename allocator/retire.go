package allocator

import "unsafe"

// Retire marks storage as released. It and [Reissue] are for writing an
// allocator that keeps released storage and hands it out again. Such an
// allocator calls Retire last in its Deallocate, and Reissue before it hands
// the same storage out, to a caller or back to its parent. Both mark the whole
// capacity.
//
// In a build with the race detector, the two show it the life of a block. If
// another goroutine uses a released block, that is reported as a race with the
// release; and the release happens before anything that the next owner does. In
// a build with the address sanitizer (-asan, which needs cgo), every use of a
// released block is reported, with the place of the use. In an ordinary build
// they do nothing and cost nothing.
func Retire[T any](s []T) {
	retire(unsafe.Pointer(unsafe.SliceData(s)), cap(s)*int(unsafe.Sizeof(*new(T))))
}

// Reissue marks storage as handed out again; see [Retire].
func Reissue[T any](s []T) {
	reissue(unsafe.Pointer(unsafe.SliceData(s)), cap(s)*int(unsafe.Sizeof(*new(T))))
}
