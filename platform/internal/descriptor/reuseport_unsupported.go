//go:build !linux && !freebsd

package descriptor

import "errors"

// CanReusePort reports whether the system deals the connections of a port out to
// several listeners.
func CanReusePort() bool { return false }

func reusePort(uintptr) error { return errors.ErrUnsupported }
