// Package clamp is mutated by the test of mutate.
package clamp

// Step is how much Next adds.
const Step = 1

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

// Next is known to no test.
func Next(n int) int { return n + Step }

// Drain returns the sum of all numbers, and ends only because they become fewer.
func Drain(numbers []int) (sum int) {
	for len(numbers) > 0 {
		sum += numbers[0]
		numbers = numbers[1:]
	}
	return sum
}

// Greet has a mutant that does not compile.
func Greet(name string) string { return "hello, " + name }
