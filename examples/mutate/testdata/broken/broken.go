// Package broken has a test that fails without any mutant.
package broken

// One returns 2.
func One() int { return 2 }
