//go:build !linux

package platform

var native = []nativeBackend{
	{"portable", newPortable},
}
