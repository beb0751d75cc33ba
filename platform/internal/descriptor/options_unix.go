//go:build unix

package descriptor

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// canSetBacklog and hasModes are whether a listener has these.
const canSetBacklog, hasModes = true, true

// setBacklog changes how many connections may wait.
func setBacklog(fd uintptr, n int) error {
	return os.NewSyscallError("listen", syscall.Listen(int(fd), n))
}

// StopLingering sees to it that a stream does not wait when it is closed, which would hold up
// whoever closes it.
func StopLingering(fd uintptr) {
	if l, err := unix.GetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER); err == nil && l.Onoff != 0 && l.Linger != 0 {
		SetLinger(fd, -1)
	}
}

// SetLinger sets how a stream ends when it is closed; see net.TCPConn.SetLinger.
func SetLinger(fd uintptr, seconds int) error {
	l := syscall.Linger{Linger: int32(max(seconds, 0))}
	if seconds >= 0 {
		l.Onoff = 1
	}
	return os.NewSyscallError("setsockopt", syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &l))
}
