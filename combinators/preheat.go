package combinators

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Preheat fills an allocator that keeps released blocks: it allocates count
// blocks of n values and releases them again, the first one last.
//
// Use it before the first client comes, so that the first message costs what
// the thousandth does: the blocks are there, and so are the tables in which
// [Recycling] or [Slots] keep track of them.
//
// It costs count requests, and a slice of count blocks that is garbage
// afterwards. Blocks that the allocator has no room to keep go back to its
// parent, so ask for no more than fits: a [SingleSlot] keeps one block, a
// Recycling as many as its limit allows. A [Slab], a [Region] and a [Buddy]
// take all their storage, and an [Arena] its chunks. A [Pool] and a [Sharded]
// keep the blocks where the calling goroutine finds them first; other
// goroutines search a little longer.
//
// It fails with the error of the allocator, such as [allocator.ErrExhausted],
// if not all the blocks can be live at once. The blocks that it did get are
// released and kept.
//
// It may be called wherever the allocator may be used.
//
// It panics if count is negative.
func Preheat[T any](a allocator.Allocator[T], count, n int) error {
	if count < 0 {
		panic(fmt.Sprintf("combinators: Preheat: the count is negative: %d", count))
	}
	blocks := make([][]T, 0, count)
	defer func() { deallocateAll(a, blocks) }()
	for range count {
		s, err := a.Allocate(n)
		if err != nil {
			return err
		}
		blocks = append(blocks, s)
	}
	return nil
}

// deallocateAll releases blocks, the last one first. If the allocator panics, so does
// this, once the others are released.
func deallocateAll[T any](a allocator.Allocator[T], blocks [][]T) {
	defer func() {
		if len(blocks) != 0 {
			deallocateAll(a, blocks)
		}
	}()
	for last := len(blocks) - 1; last >= 0; last-- {
		s := blocks[last]
		blocks = blocks[:last]
		a.Deallocate(s)
	}
}
