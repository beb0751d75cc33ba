//go:build unix

package allocator

import (
	"errors"
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

// What the system does not give now it may give later, so that caches above give
// back what they have and ask again.
func TestHeapIsExhausted(t *testing.T) {
	const size = maxBytes / 2
	if obtainable(size) {
		t.Skipf("the system would map %d bytes", uint64(size))
	}
	if s, err := (Heap[byte]{}).Allocate(size); s != nil || !errors.Is(err, ErrExhausted) {
		t.Errorf("Allocate of what the system refuses: error %v, want ErrExhausted", err)
	}
}
