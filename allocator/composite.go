package allocator

// A Composite is made of other allocators, its parents. It is for those who look at
// a composition from outside, to draw it or to find what counts in it: from the
// outermost allocator, Parents leads to all of them.
type Composite interface {
	// Parents returns the allocators that the composite was built with, in the
	// order in which its String names them; it may name equal neighbours once. Each
	// is an [Allocator] of some type. They stay the same for ever, and any goroutine
	// may ask at any time, but may use them only as far as they and the composite
	// allow it.
	Parents() []any
}
