// Package clamp is mutated by the test of mutate.
package clamp

// Clamp returns the number from low to high that is nearest to n. Which bound is
// looked at first makes no difference, and so do some mutants.
func Clamp(n, low, high int) int {
	if n < low {
		return low
	}
	if n > high {
		return high
	}
	return n
}

// Both reports whether both are true.
func Both(a, b bool) bool { return a && b }

// Untested is known to no test.
func Untested(n int) int { return n + 1 }
