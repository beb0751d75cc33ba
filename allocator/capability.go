package allocator

// A Capability names an optional interface of which the methods alone do not
// tell whether an allocator really has it.
type Capability uint8

const (
	CanOwn   Capability = iota + 1 // [Owner]
	CanReset                       // [Resetter]
)

// A Conditional allocator has the methods of some capabilities and tells which
// of them work. A combinator is one if it passes capabilities of its parent
// on, because the methods of a Go type cannot depend on what its parent is.
//
// [Resizer], [Trimmer] and [Sizer] need no such question: "could not", doing
// nothing, and n itself are true answers for a parent without them.
type Conditional interface {
	// Capable reports whether the methods of c work.
	Capable(c Capability) bool
}

// AsOwner returns a as an [Owner] if it can tell what it owns, and otherwise
// nil and false. Ask once, in a constructor.
func AsOwner[T any](a Allocator[T]) (Owner[T], bool) { return as[Owner[T]](a, CanOwn) }

// AsResetter returns a as a [Resetter] if it can be reset, and otherwise nil
// and false. Ask once, in a constructor.
func AsResetter[T any](a Allocator[T]) (Resetter, bool) { return as[Resetter](a, CanReset) }

func as[Interface any](a any, c Capability) (i Interface, ok bool) {
	if conditional, is := a.(Conditional); is && !conditional.Capable(c) {
		return i, false
	}
	i, ok = a.(Interface)
	return i, ok
}
