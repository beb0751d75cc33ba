//go:build !unix

package allocator

// obtainable cannot tell on this system, and leaves the answer to the Go
// runtime.
func obtainable(uintptr) bool { return true }
