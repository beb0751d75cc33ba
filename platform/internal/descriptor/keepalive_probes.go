//go:build linux || freebsd || netbsd || dragonfly || darwin || windows

package descriptor

import (
	"net"
	"syscall"
)

// setProbeOptions sets when a peer that is silent is probed, and how often.
func setProbeOptions(fd uintptr, k net.KeepAliveConfig) error {
	for _, o := range [...]struct{ option, value int }{
		{keepIdle, seconds(k.Idle)},
		{keepInterval, seconds(k.Interval)},
		{keepCount, orElse(k.Count, keepAliveCount)},
	} {
		if o.value < 0 {
			continue
		}
		if err := setInt(fd, syscall.IPPROTO_TCP, o.option, o.value); err != nil {
			return err
		}
	}
	return nil
}
