//go:build race && (darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package descriptor

import (
	"runtime"
	"unsafe"
)

// The race detector does not see what the kernel does to a buffer, so it is
// told.

func RaceRead(b []byte) {
	if len(b) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(unsafe.SliceData(b)), len(b))
	}
}

func RaceWrite(b []byte) {
	if len(b) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(unsafe.SliceData(b)), len(b))
	}
}
