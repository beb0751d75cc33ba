//go:build !linux && !windows && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package platform

var native = []nativeBackend{
	{name: "portable", open: openPortable},
}
