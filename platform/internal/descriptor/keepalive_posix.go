//go:build linux || freebsd || netbsd || dragonfly || darwin

package descriptor

import "net"

func setProbes(fd uintptr, k net.KeepAliveConfig) error { return setProbeOptions(fd, k) }
