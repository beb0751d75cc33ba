package proptest

import (
	"math"
	"unsafe"
)

// Claims are what an allocator promises beyond the rules of package allocator,
// and where it falls short of them by design. The zero Claims are those of an
// allocator for one goroutine that fails only when its parent does, and that
// gives back to its parent what is released, at the latest when it is trimmed.
type Claims struct {
	// Concurrency. ThreadSafe: several goroutines may use it, whatever its
	// parent is, which it calls from one at a time. SafeAsParent: several
	// goroutines may use it if as many may use its parent. A Reset is always for
	// one alone.
	ThreadSafe, SafeAsParent bool

	// Exhaustion. Capacity: with no block live it has room for exactly so
	// many values, taken one at a time, if its parent has; and its blocks never
	// have a larger capacity together. MayRefuse: it may
	// be exhausted though its parent is not; a Capacity implies it. Jagged: a
	// size that it serves at one time may be refused as too large for ever at
	// another, as when a cache above a router keeps a block of one child and has it serve
	// what another child is for.
	Capacity  int
	MayRefuse bool
	Jagged    bool

	// Release. UntilReset: what is released may be of no use before a Reset.
	// Keeps: how many values of its parent's it may still hold when
	// everything is released and trimmed. Loses: released storage may get
	// lost, to the garbage collector say, and neither be used again nor go
	// back.
	UntilReset bool
	Keeps      int
	Loses      bool

	// Course. Varies: the same requests on a new one may take another course:
	// which block is handed out, or what the parent is asked for, depends on
	// the time, on addresses or on chance.
	Varies bool

	// Storage. OwnStorage: not all that it hands out is from its parent.
	// Alignment: its blocks start at multiples of so many bytes. Zeroed: its
	// blocks are zero.
	OwnStorage bool
	Alignment  uintptr
	Zeroed     bool

	// Misuse. SeesDoubleRelease: releasing again the block that was released
	// last panics with a *allocator.MisuseError. SeesForeign: so does
	// releasing a block that is not from here.
	SeesDoubleRelease, SeesForeign bool

	// Cost. SteadyState: allocating and releasing over and over allocates
	// nothing on the Go heap, over a parent that does not either.
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
