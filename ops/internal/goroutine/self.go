//go:build amd64 || 386 || arm64

package goroutine

// Self returns a number that is the calling goroutine's for as long as it runs, and
// no other one's meanwhile: the address of what the runtime knows of it. It is 0 on
// processors where that address is not known.
func Self() uintptr
