package allocator

// A Capability names something that an allocator may be able to do, and that
// its methods alone do not reveal.
type Capability uint8

const (
	CanOwn   Capability = iota + 1 // [Owner]
	CanReset                       // [Resetter]
	CanZero                        // its blocks are zero when they are handed out, up to their capacity
)

// A Conditional allocator says which capabilities it has. A combinator that
// passes on capabilities of its parent is one, because the methods of a Go type
// cannot depend on what its parent is.
//
// [Resizer], [Trimmer] and [Sizer] need no Capability. Over a parent without them,
// it is right to return false, to do nothing, and to return n.
type Conditional interface {
	// Capable reports whether the allocator can do c, and so whether the
	// methods for it work.
	Capable(c Capability) bool
}

// AsOwner returns a as an [Owner] if it can tell what it owns, and otherwise
// nil and false. Ask once, in a constructor.
func AsOwner[T any](a Allocator[T]) (Owner[T], bool) { return as[Owner[T]](a, CanOwn) }

// AsResetter returns a as a [Resetter] if it can be reset, and otherwise nil
// and false. Ask once, in a constructor.
func AsResetter[T any](a Allocator[T]) (Resetter, bool) { return as[Resetter](a, CanReset) }

// GivesZeros reports whether all blocks of a are zero when it hands them out. Blocks
// of an allocator that does not say so may contain anything.
func GivesZeros[T any](a Allocator[T]) bool {
	conditional, ok := a.(Conditional)
	return ok && conditional.Capable(CanZero)
}

func as[Interface any](a any, c Capability) (i Interface, ok bool) {
	if conditional, is := a.(Conditional); is && !conditional.Capable(c) {
		return i, false
	}
	i, ok = a.(Interface)
	return i, ok
}
