//go:build unix

package allocator

import "syscall"

// obtainable reports whether the operating system would map size bytes for
// this process now.
func obtainable(size uintptr) bool {
	m, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return false
	}
	return syscall.Munmap(m) == nil
}
