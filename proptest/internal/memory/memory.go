// Package memory looks at blocks as the bytes that they consist of, and fills
// released ones with poison, so that a later write is noticed.
package memory

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Extent returns where a block starts and how many bytes it has; a block
// without bytes starts nowhere.
func Extent[T any](s []T) (at, size uintptr) {
	size = uintptr(cap(s)) * unsafe.Sizeof(*new(T))
	if size == 0 {
		return 0, 0
	}
	return uintptr(unsafe.Pointer(unsafe.SliceData(s))), size
}

// Bytes returns the memory of a block, up to its capacity.
func Bytes[T any](s []T) []byte {
	_, size := Extent(s)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), size)
}

// PoisonByte is what released memory is filled with.
const PoisonByte = 0xDB

// Poison makes the contents of a released block useless. Storage for a T with
// pointers must hold no stale or wild ones, so it is cleared.
func Poison[T any](s []T) {
	if allocator.HasPointers[T]() {
		clear(s)
		return
	}
	b := Bytes(s)
	for i := range b {
		b[i] = PoisonByte
	}
}

// Poisoned reports whether a block is as Poison has left it.
func Poisoned[T any](s []T) bool {
	want := byte(PoisonByte)
	if allocator.HasPointers[T]() {
		want = 0
	}
	for _, b := range Bytes(s) {
		if b != want {
			return false
		}
	}
	return true
}
