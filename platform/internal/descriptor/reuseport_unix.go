//go:build linux || freebsd

package descriptor

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// reusePort lets several listeners have one port, and the kernel deal its
// connections out to them.
var reusePort = func(_, _ string, c syscall.RawConn) (err error) {
	if cerr := c.Control(func(fd uintptr) {
		err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, portShared, 1))
	}); cerr != nil {
		return cerr
	}
	return err
}
