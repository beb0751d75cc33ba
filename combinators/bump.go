package combinators

import "github.com/heirloom-go/heirloom/allocator"

// bump hands out the values of a block one after another. Storage above used
// holds no pointers.
type bump[T any] struct {
	block  []T
	used   int
	marked int    // the highest mark in it that is not void
	serial uint64 // of the chunk, for marks
	clears bool   // T has pointers
}

func (b *bump[T]) room() int { return len(b.block) - b.used }

// take returns the next n values. It is false if fewer are left, and for n < 1.
func (b *bump[T]) take(n int) ([]T, bool) {
	if uint(n-1) >= uint(b.room()) {
		return nil, false
	}
	end := b.used + n
	s := b.block[b.used:end:end]
	b.used = end
	allocator.Reissue(s)
	return s, true
}

// release takes back s, which starts at value i, and moves back over it if it
// is the last one. It is false if s is not handed out, and if it was below a mark
// that is void now: that is, if used is less than marked.
func (b *bump[T]) release(s []T, i int) bool {
	end := i + cap(s)
	if end > b.used {
		return false
	}
	if end == b.used {
		b.used -= cap(s) // that is i, but without waiting for a division
	}
	vacate(s, b.clears)
	return b.used >= b.marked
}

// isFree reports whether s, which starts at value i, is not handed out.
func (b *bump[T]) isFree(s []T, i int) bool { return i+cap(s) > b.used }

// resize makes s, which starts at value i and is handed out, n values long: a
// smaller block always, a larger one if s is the last.
func (b *bump[T]) resize(s []T, i, n int) ([]T, bool) {
	size, last := cap(s), i+cap(s) == b.used
	switch {
	case n < 1 || n > size && !last || n > len(b.block)-i:
		return nil, false
	case n < size:
		vacate(s[n:size], b.clears)
	}
	if last {
		b.used = i + n
	}
	return reissued(b.block[i : i+n : i+n])
}

// rewind releases all from value i on.
func (b *bump[T]) rewind(i int) {
	vacateAll(b.block[i:b.used:b.used], b.clears)
	b.used = i
}
