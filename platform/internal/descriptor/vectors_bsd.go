//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package descriptor

// Vectors is what Receive and Transmit keep for the buffers of one side of a socket:
// nothing, as package unix makes what the kernel takes anew each time.
type Vectors struct{}
