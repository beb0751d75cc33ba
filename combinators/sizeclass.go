package combinators

import (
	"math/bits"
	"unsafe"
)

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

// floorClass returns the largest class that a block of n values has room for. For
// n < 1 it is beyond all classes.
func floorClass(n int) uint {
	m := uint(n)
	if m < 8 {
		return m - 1
	}
	shift := uint(bits.Len(m)) - 3
	return 4*shift + m>>shift - 1
}

// classesUpTo returns the number of classes whose blocks have at most limit
// values. A T of no size has none, because there is no storage to keep.
func classesUpTo[T any](limit int) int {
	if unsafe.Sizeof(*new(T)) == 0 || limit < 1 {
		return 0
	}
	return int(floorClass(limit)) + 1
}

// refit makes s n values long, which it has room for. What is cut off holds no
// pointers then, if T can have some.
func refit[T any](s []T, n int, clears bool) []T {
	if clears {
		clear(s[n:cap(s)])
	}
	return s[:n]
}
