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

// AsOwner returns a as an [Owner] if it can tell what it owns. Ask once, in a
// constructor.
func AsOwner[T any](a Allocator[T]) (Owner[T], bool) {
	o, ok := a.(Owner[T])
	return o, ok && capable(a, CanOwn)
}

// AsResetter returns a as a [Resetter] if it can be reset. Ask once, in a
// constructor.
func AsResetter[T any](a Allocator[T]) (Resetter, bool) {
	r, ok := a.(Resetter)
	return r, ok && capable(a, CanReset)
}

func capable(a any, c Capability) bool {
	if a, ok := a.(Conditional); ok {
		return a.Capable(c)
	}
	return true
}
