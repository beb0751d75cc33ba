package combinators

import "math/bits"

// bitmap is a set of small integers.
type bitmap []uint64

// newBitmap returns an empty bitmap for 0 to n-1.
func newBitmap(n int) bitmap { return make(bitmap, (n+63)/64) }

// mask returns the bits of word w that are from i to end-1.
func mask(w, i, end int) uint64 {
	low, high := max(i-64*w, 0), min(end-64*w, 64)
	return ^uint64(0) << low & (^uint64(0) >> (64 - high))
}

// add adds i to end-1.
func (b bitmap) add(i, end int) {
	for w := i / 64; 64*w < end; w++ {
		b[w] |= mask(w, i, end)
	}
}

// remove removes i to end-1.
func (b bitmap) remove(i, end int) {
	for w := i / 64; 64*w < end; w++ {
		b[w] &^= mask(w, i, end)
	}
}

// put adds i.
func (b bitmap) put(i int) { b[i/64] |= 1 << (i % 64) }

// take removes i.
func (b bitmap) take(i int) { b[i/64] &^= 1 << (i % 64) }

// has reports whether i is in the set. It may be any number from 0 on.
func (b bitmap) has(i int) bool {
	return i/64 < len(b) && b[i/64]>>(i%64)&1 != 0
}

// first returns the first number from i to end-1 that is in the set, or end.
func (b bitmap) first(i, end int) int { return b.scan(i, end, 0) }

// gap returns the first number from i to end-1 that is not in the set, or end.
func (b bitmap) gap(i, end int) int { return b.scan(i, end, ^uint64(0)) }

func (b bitmap) scan(i, end int, flip uint64) int {
	for w := i / 64; 64*w < end; w++ {
		if found := (b[w] ^ flip) & mask(w, i, end); found != 0 {
			return 64*w + bits.TrailingZeros64(found)
		}
	}
	return end
}

// run returns the first number from i on with which n numbers in a row begin
// that are in the set and below end. It is false if there are none.
func (b bitmap) run(i, end, n int) (int, bool) {
	for {
		i = b.first(i, end)
		if n > end-i {
			return 0, false
		}
		stop := b.gap(i, i+n)
		if stop == i+n {
			return i, true
		}
		i = stop
	}
}
