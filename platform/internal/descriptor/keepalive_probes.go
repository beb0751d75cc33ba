//go:build linux || freebsd || netbsd || dragonfly || darwin || windows

package descriptor

import "syscall"

// setProbes sets when a peer that is silent is probed, and how often.
func setProbes(fd uintptr, option, value int) error {
	return setInt(fd, syscall.IPPROTO_TCP, option, value)
}
