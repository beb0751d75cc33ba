//go:build unix

package main

import "syscall"

const (
	plenty  = 1 << 16 // more descriptors than the program can use
	openMax = 10240   // what macOS lets a process have without asking
)

// raiseLimit raises the number of descriptors that the process may have as far
// as it can, and returns it.
func raiseLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return plenty
	}
	if limit.Cur >= plenty {
		return plenty
	}
	above, most, some := limit, limit, limit
	above.Cur, above.Max = plenty, max(limit.Max, plenty) // the superuser may
	most.Cur = min(limit.Max, plenty)
	some.Cur = max(limit.Cur, min(limit.Max, openMax))
	for _, raised := range []syscall.Rlimit{above, most, some} {
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised) == nil {
			return int(raised.Cur)
		}
	}
	return int(limit.Cur)
}
