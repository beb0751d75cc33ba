//go:build !darwin && !dragonfly && !freebsd && !netbsd && !openbsd && !linux

package descriptor

// CallsAllocate is whether calls allocate that have an address or several buffers as an
// argument. There are none of this package's here.
const CallsAllocate = false
