package ops

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// A block is an allocator of one operation at a time, embedded in the value that starts
// the operation.
type block struct {
	op    Operation
	inUse bool
}

// Allocate implements allocator.Allocator.
func (b *block) Allocate(n int) ([]Operation, error) {
	switch {
	case n < 0:
		return nil, allocator.ErrSize
	case n == 0:
		return nil, nil
	case n > 1:
		return nil, allocator.ErrTooLarge
	case b.inUse:
		return nil, allocator.ErrExhausted
	}
	b.inUse = true
	return unsafe.Slice(&b.op, 1), nil
}

// Deallocate implements allocator.Allocator.
func (b *block) Deallocate(s []Operation) {
	if cap(s) == 0 {
		return
	}
	if unsafe.SliceData(s) != &b.op || !b.inUse {
		panic("ops: a block that is given back is not the one that was handed out")
	}
	b.op = Operation{}
	b.inUse = false
}
