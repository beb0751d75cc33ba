//go:build unix && !linux

package descriptor

import (
	"io/fs"
	"os"
	"syscall"
)

func setInt(fd uintptr, level, option, value int) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), level, option, value))
}

// setMode does nothing: the permissions are set when the path is there.
func setMode(uintptr, fs.FileMode) error { return nil }
