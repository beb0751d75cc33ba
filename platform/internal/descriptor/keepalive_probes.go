//go:build linux || freebsd || netbsd || dragonfly || darwin || windows

package descriptor

import (
	"net"
	"syscall"
	"time"
)

// What package net does without being told.
const (
	keepAliveTime  = 15 * time.Second
	keepAliveCount = 9
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

// seconds rounds up, as 0 is no time for the system.
func seconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int((orElse(d, keepAliveTime) + time.Second - 1) / time.Second)
}

func orElse[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
