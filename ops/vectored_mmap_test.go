//go:build linux || darwin

package ops_test

import (
	"syscall"
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
)

// countBuffers keeps what it is to write.
type countBuffers struct{ n int }

func (c *countBuffers) StartWrite(*ops.Operation)                          {}
func (c *countBuffers) StartWriteVectored(_ *ops.Operation, bufs [][]byte) { c.n = len(bufs) }

// TestWriteVectoredFullOfTooMany has the longest list, and one that is too long. The memory
// of both is never touched, so there need not be any.
func TestWriteVectoredFullOfTooMany(t *testing.T) {
	const tooMany = 1 << 24
	memory, err := syscall.Mmap(-1, 0, tooMany*int(unsafe.Sizeof([]byte(nil))), syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("there are not enough addresses:", err)
	}
	defer syscall.Munmap(memory)
	bufs := unsafe.Slice((*[]byte)(unsafe.Pointer(unsafe.SliceData(memory))), tooMany)
	h := ops.HandlerFunc(func(int, error) { t.Error("the handler was called") })

	var c countBuffers
	mustPanic(t, "too many buffers", func() { ops.WriteVectoredFull(&c, bufs, h) })
	if c.n != 0 {
		t.Errorf("%d buffers were to be written", c.n)
	}
	ops.WriteVectoredFull(&c, bufs[1:], h)
	if c.n != tooMany-1 {
		t.Errorf("%d buffers were to be written, want %d", c.n, tooMany-1)
	}
}
