package combinators

import (
	"math/bits"
	"unsafe"
)

// stackHash returns a number of 64 bits that tells goroutines apart without a
// call into the runtime: a hash of the place of the caller's stack. Its upper
// bits are the best ones. A goroutine gets the same number from about the same
// depth of calls, until its stack grows, and now and then another one has it too, so
// it is a hint where to look first and no more.
//
// Where unsafe.Pointer is checked, as in a build with -asan, here would be on
// the heap.
//
//go:nocheckptr
func stackHash() uint64 {
	var here byte
	// The smallest stacks have 2 KiB, and lie side by side.
	return uint64(uintptr(unsafe.Pointer(&here))) >> 11 * 0x9e3779b97f4a7c15
}

// homeOf returns which of count shards the calling goroutine looks at first: the upper
// bits of its hash tell. It is 0 if there are none.
func homeOf(count int) int {
	i, _ := bits.Mul64(stackHash(), uint64(count))
	return int(i)
}
