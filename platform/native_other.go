//go:build !linux

package platform

var native = []nativeBackend{
	{name: "portable", open: openPortable},
}
