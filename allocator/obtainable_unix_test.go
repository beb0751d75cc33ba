//go:build unix

package allocator

import (
	"math/bits"
	"testing"
)

func TestObtainable(t *testing.T) {
	if !obtainable(1 << 16) {
		t.Error("64 KiB cannot be had")
	}
	if size := ^uintptr(0) >> 1; bits.UintSize == 64 && obtainable(size) {
		t.Errorf("%d bytes can be had", size)
	}
}
