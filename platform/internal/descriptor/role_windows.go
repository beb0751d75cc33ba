package descriptor

import (
	"os"
	"syscall"
)

// A sysHandle is what package syscall takes for a socket.
type sysHandle = syscall.Handle

// acceptConn and socketType are SO_ACCEPTCONN and SO_TYPE.
const acceptConn, socketType = 0x2, 0x1008

func getInt(fd uintptr, level, option int) (int, error) {
	v, err := syscall.GetsockoptInt(syscall.Handle(fd), level, option)
	return v, os.NewSyscallError("getsockopt", err)
}
