//go:build race

package allocator

import (
	"runtime"
	"unsafe"
)

func retire(block unsafe.Pointer, size int) {
	if size != 0 {
		runtime.RaceWriteRange(block, size)
		runtime.RaceReleaseMerge(block)
	}
}

func reissue(block unsafe.Pointer, _ int) {
	if block != nil {
		runtime.RaceAcquire(block)
	}
}
