//go:build unix

package descriptor

import (
	"os"
	"syscall"
)

// canSetBacklog and hasModes are whether a listener has these.
const canSetBacklog, hasModes = true, true

// setBacklog changes how many connections may wait.
func setBacklog(fd uintptr, n int) error {
	return os.NewSyscallError("listen", syscall.Listen(int(fd), n))
}

// SetLinger sets how a stream ends when it is closed; see net.TCPConn.SetLinger.
func SetLinger(fd uintptr, seconds int) error {
	l := syscall.Linger{Linger: int32(max(seconds, 0))}
	if seconds >= 0 {
		l.Onoff = 1
	}
	return os.NewSyscallError("setsockopt", syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &l))
}
