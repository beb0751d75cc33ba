//go:build unix && !linux

package platform

// deviceWaits cannot tell.
func deviceWaits(int, uint64) bool { return false }
