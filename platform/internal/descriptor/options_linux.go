package descriptor

import (
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setInt sets an option. It does not block: see calls_linux.go.
func setInt(fd uintptr, level, option, value int) error {
	v := int32(value)
	_, _, errno := syscall.RawSyscall6(unix.SYS_SETSOCKOPT, fd, uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&v)), unsafe.Sizeof(v), 0)
	if errno != 0 {
		return os.NewSyscallError("setsockopt", errno)
	}
	return nil
}

// setMode sets the permissions that the path of a unix listener gets when it is bound,
// less the umask: so nobody has more for a moment.
func setMode(fd uintptr, mode fs.FileMode) error {
	return os.NewSyscallError("fchmod", unix.Fchmod(int(fd), uint32(mode)))
}
