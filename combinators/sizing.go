package combinators

import (
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
)

// sizing is what a cache knows of the blocks that its parent gave for its size
// classes. A free block is kept as a pointer to its start, so how much room it
// has must be known from its class. Most parents give what they are asked for; one
// that rounds gives more, and always the same for one size. A block that is none
// of these is never kept: to hand it out with the room of its class could hand out
// what it does not have.
type sizing struct {
	classes []sizedClass

	// strays says that some block has a capacity in the range of the classes
	// and is not kept. Without any, a block that is not kept is foreign.
	strays atomic.Bool
}

// A sizedClass is what is known of the blocks that are filed in a class: those
// with room for it, and not for the next one.
type sizedClass struct {
	capacity atomic.Int64  // of each; 0 as long as the parent gave none
	servedBy atomic.Uint32 // 1 + the class of what the parent gives for this one; 0 if that is itself
}

// newSizing returns the sizing of the given number of classes.
func newSizing(classes int) *sizing { return &sizing{classes: make([]sizedClass, classes)} }

// learn notes the capacity of a block that the parent gave for the class c, or
// for a request beyond all classes.
func (z *sizing) learn(c uint, capacity int) {
	filed := floorClass(capacity)
	if filed >= uint(len(z.classes)) {
		return
	}
	if c >= uint(len(z.classes)) {
		z.strays.Store(true)
		return
	}
	if filed != c {
		z.classes[c].servedBy.Store(uint32(filed) + 1)
	}
	known := &z.classes[filed].capacity
	if known.Load() == 0 {
		known.CompareAndSwap(0, int64(capacity))
	}
	if known.Load() != int64(capacity) {
		z.strays.Store(true)
	}
}

// capacity returns the capacity of the blocks that are filed in c.
func (z *sizing) capacity(c uint) int { return int(z.classes[c].capacity.Load()) }

// keeps reports whether a block with this capacity, filed in c, can be kept.
func (z *sizing) keeps(c uint, capacity int) bool {
	return c < uint(len(z.classes)) && z.classes[c].capacity.Load() == int64(capacity)
}

// serving returns the class in which the blocks are filed that serve c.
func (z *sizing) serving(c uint) uint {
	if c < uint(len(z.classes)) {
		if by := z.classes[c].servedBy.Load(); by != 0 {
			return uint(by - 1)
		}
	}
	return c
}

// fits reports whether a block with this capacity is what a request for n values
// gets. It is false for n < 1.
func (z *sizing) fits(n, capacity int) bool {
	c := floorClass(capacity)
	return n <= capacity && z.keeps(c, capacity) && z.serving(classOf(n)) == c
}

// mustStray panics if a block of a cache a that is not kept can only be foreign.
func mustStray[T any](z *sizing, a any, s []T) {
	if floorClass(cap(s)) < uint(len(z.classes)) && !z.strays.Load() {
		panic(allocator.Misuse(a, s, foreignBlock))
	}
}
