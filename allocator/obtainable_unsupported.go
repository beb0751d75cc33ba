//go:build !unix

package allocator

// obtainable does not know on this system, and leaves the answer to the Go
// runtime.
func obtainable(uintptr) bool { return true }
