//go:build !linux && !freebsd && !netbsd && !dragonfly && !darwin && !windows

package descriptor

import "errors"

// The system has one setting for all sockets.
const keepIdle, keepInterval, keepCount = 0, 0, 0

func setProbes(uintptr, int, int) error { return errors.ErrUnsupported }
