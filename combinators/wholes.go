package combinators

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// wholes knows which block of the parent each live block is a part of, for a
// combinator whose blocks do not start where those of its parent do. It finds
// that by the address alone and takes nothing that it does not know, because to
// work out from a foreign slice where its block might begin is to invent storage.
// For the same reason it keeps the blocks reachable: the address of one that was
// lost must not become that of somebody else's slice.
type wholes[T any] map[*T]wholeBlock[T]

type wholeBlock[T any] struct {
	block    []T // as the parent gave it
	capacity int // of the part that is handed out
}

// put notes that s is the part of block that is handed out.
func (w wholes[T]) put(s, block []T) { w[unsafe.SliceData(s)] = wholeBlock[T]{block, cap(s)} }

// get returns the block that s is a part of. It panics if there is none, for
// which it blames the caller of a.
func (w wholes[T]) get(a any, s []T) []T {
	known, ok := w[unsafe.SliceData(s)]
	switch {
	case !ok:
		panic(allocator.Misuse(a, s, "released twice, or to an allocator that did not give it"+grown))
	case known.capacity != cap(s):
		panic(allocator.Misuse(a, s, otherCapacity))
	}
	return known.block
}

// remove forgets a block that is released.
func (w wholes[T]) remove(s []T) { delete(w, unsafe.SliceData(s)) }
