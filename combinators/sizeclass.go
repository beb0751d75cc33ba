package combinators

import "math/bits"

// The size classes of requests: 1 to 8 values are a class each, and above
// there are four to a doubling. A block of its class's size is less than a
// quarter larger than the request.

// classOf returns the class of a request for n values. For n < 1 it is beyond
// all classes.
func classOf(n int) uint {
	m := uint(n - 1)
	if m < 8 {
		return m
	}
	// The first bit of m tells the doubling, the two after it the class.
	shift := uint(bits.Len(m)) - 3
	return 4*shift + m>>shift
}

// classSize returns the largest request in class c.
func classSize(c uint) uint {
	if c < 8 {
		return c + 1
	}
	return (c%4 + 5) << (c/4 - 1)
}
