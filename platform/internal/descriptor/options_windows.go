package descriptor

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// canSetBacklog and hasModes are whether a listener has these. To listen again is in
// vain here.
const canSetBacklog, hasModes = false, false

func setBacklog(uintptr, int) error { return errors.ErrUnsupported }

func setMode(uintptr, fs.FileMode) error { return errors.ErrUnsupported }

func setInt(fd uintptr, level, option, value int) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(syscall.Handle(fd), level, option, value))
}

// StopLingering does nothing here: there is no call to learn whether a stream lingers.
func StopLingering(uintptr) {}

// SetLinger sets how a stream ends when it is closed; see net.TCPConn.SetLinger.
func SetLinger(fd uintptr, seconds int) error {
	l := syscall.Linger{Linger: int32(max(seconds, 0))}
	if seconds >= 0 {
		l.Onoff = 1
	}
	return os.NewSyscallError("setsockopt", syscall.SetsockoptLinger(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &l))
}
