package proptest

import (
	"math"
	"unsafe"
)

// Claims are what an allocator promises beyond the rules of package allocator, and
// where it falls short of them by design. The zero Claims are those of an allocator
// that is for one goroutine, fails only when its parent does, and gives everything
// that is released back to its parent, at the latest when it is trimmed.
type Claims struct {
	// Concurrency. ThreadSafe: several goroutines may use the allocator, whatever
	// its parent is; it calls the parent from one goroutine at a time.
	// SafeAsParent: it is safe for concurrent use if its parent is. Neither makes
	// Reset safe for concurrent use.
	ThreadSafe, SafeAsParent bool

	// Exhaustion. Capacity: with no block live, there is room for exactly this many
	// values, taken one at a time, if the parent has room; and the live blocks
	// together never have a larger capacity. 0 claims nothing. MayRefuse: the
	// allocator may be exhausted although its parent is not; a Capacity implies it.
	// Jagged: a size that is served at one time may fail with ErrTooLarge at
	// another. For example, a cache above a router may keep a block of one child,
	// and serve a size with it that the child for that size cannot.
	Capacity  int
	MayRefuse bool
	Jagged    bool

	// Release. UntilReset: released storage may stay unused until a Reset. Keeps:
	// how many values of its parent the allocator may still hold when everything is
	// released and trimmed. Loses: released storage may get lost, for example to
	// the garbage collector; it is then neither used again nor given back.
	UntilReset bool
	Keeps      int
	Loses      bool

	// Determinism. Varies: the same requests on a new allocator may have other
	// results, or make other requests to the parent, depending on time, addresses
	// or chance.
	Varies bool

	// Storage. OwnStorage: not everything that is handed out comes from the parent.
	// Alignment: blocks start at a multiple of this many bytes. Zeroed: fresh
	// blocks are zero.
	OwnStorage bool
	Alignment  uintptr
	Zeroed     bool

	// Misuse. SeesDoubleRelease: releasing the block that was released last once
	// more panics with a *allocator.MisuseError. SeesForeign: so does releasing a
	// block that the allocator did not hand out.
	SeesDoubleRelease, SeesForeign bool

	// Cost. SteadyState: allocating and releasing over and over allocates nothing
	// on the Go heap, over a parent that does not either.
	SteadyState bool
}

func merge(claims []Claims) Claims {
	switch len(claims) {
	case 0:
		return Claims{}
	case 1:
		return claims[0]
	}
	panic("proptest: more than one Claims")
}

// over returns what an allocator with the claims c promises over a parent
// with the claims p.
func (c Claims) over(p Claims) Claims {
	if p.mayRefuse() || p.Loses {
		c.MayRefuse = c.mayRefuse() || p.mayRefuse()
		c.Capacity = 0
	}
	c.ThreadSafe = c.ThreadSafe || c.SafeAsParent && p.ThreadSafe
	c.SafeAsParent = c.SafeAsParent && (p.SafeAsParent || p.ThreadSafe)
	c.UntilReset = c.UntilReset || p.UntilReset
	c.Keeps = int(min(uint(c.Keeps)+uint(p.Keeps), math.MaxInt))
	c.Loses = c.Loses || p.Loses || p.UntilReset // a Reset of c need not reach the parent
	c.Varies = c.Varies || p.Varies
	c.Jagged = c.Jagged || p.Jagged
	c.OwnStorage = c.OwnStorage || p.OwnStorage
	return c
}

// passing returns what a layer promises that passes everything on to a parent
// with the claims c.
func (c Claims) passing() Claims {
	c.SeesDoubleRelease, c.SeesForeign, c.SteadyState = false, false, false
	return c
}

// mayRefuse reports whether a request may fail though no parent failed.
func (c Claims) mayRefuse() bool { return c.MayRefuse || c.Capacity != 0 || c.UntilReset }

// largest returns the number of values that programs ask for at most.
func largest[T any]() int {
	var zero T
	return min(max(4, int(40<<10/max(unsafe.Sizeof(zero), 1))), 70)
}
