//go:build unix

package descriptor

import (
	"os"
	"syscall"
)

// A sysHandle is what package syscall takes for a socket.
type sysHandle = int

const acceptConn, socketType = syscall.SO_ACCEPTCONN, syscall.SO_TYPE

func getInt(fd uintptr, level, option int) (int, error) {
	v, err := syscall.GetsockoptInt(int(fd), level, option)
	return v, os.NewSyscallError("getsockopt", err)
}
