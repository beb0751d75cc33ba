package combinators

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// Preheat makes an allocator that keeps released blocks keep count blocks of n
// values, by allocating them and releasing them again, the first one last.
//
// Use it before the first client comes, so that the first message costs what
// the thousandth does: the blocks are there, and so are the tables in which a
// block such as [Recycling] or [Slots] keeps account of them.
//
// It costs what count requests cost, and a slice of count blocks that is garbage
// afterwards. What the allocator has no room to keep goes back to its parent, so
// call it with what fits: a [SingleSlot] keeps one block, a Recycling as many as
// its limit allows. A [Slab], a [Region] and a [Buddy] take all their storage,
// and an [Arena] its chunks. A [Pool] and a [Sharded] keep the blocks where the
// calling goroutine finds them first; others find them too, with a longer look.
//
// It fails with the error of the allocator, such as [allocator.ErrExhausted], if
// that does not give all the blocks at a time. Those that it gave are released
// and kept.
//
// It uses the allocator as any goroutine does.
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
