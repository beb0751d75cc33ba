//go:build !linux && !windows

package platform

var native = []nativeBackend{
	{name: "portable", open: openPortable},
}
