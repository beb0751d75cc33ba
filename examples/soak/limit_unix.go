//go:build unix

package main

import "syscall"

// plenty is more descriptors than the program can use.
const plenty = 1 << 16

// raiseLimit raises the number of descriptors that the process may have as far
// as it can, and returns it.
func raiseLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return plenty
	}
	if limit.Max < plenty { // the superuser may go beyond
		if more := (syscall.Rlimit{Cur: plenty, Max: plenty}); syscall.Setrlimit(syscall.RLIMIT_NOFILE, &more) == nil {
			return plenty
		}
	}
	if most := (syscall.Rlimit{Cur: limit.Max, Max: limit.Max}); syscall.Setrlimit(syscall.RLIMIT_NOFILE, &most) == nil {
		limit = most
	}
	return int(min(limit.Cur, plenty))
}
