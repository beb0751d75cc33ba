package allocator

// A Composite is made of other allocators, its parents. It is for code that looks at
// a composition from outside, to draw it or to find the allocators in it that count:
// from the outermost one, Parents leads to all of them.
type Composite interface {
	// Parents returns the allocators that the composite was built with, in the
	// order in which its String names them; it may name equal neighbours once. Each
	// is an [Allocator] of some type. The result is always the same, and any goroutine
	// may call Parents at any time. It may use the parents only as they and the
	// composite allow.
	Parents() []any
}
