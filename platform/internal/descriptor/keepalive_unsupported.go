//go:build !linux && !freebsd && !netbsd && !dragonfly && !darwin && !windows

package descriptor

import (
	"errors"
	"net"
)

// The system has one setting for all sockets.
const keepIdle, keepInterval, keepCount = 0, 0, 0

// setProbes refuses what is more than to be left alone.
func setProbes(_ uintptr, k net.KeepAliveConfig) error {
	if k.Idle > 0 || k.Interval > 0 || k.Count > 0 {
		return errors.ErrUnsupported
	}
	return nil
}
