//go:build !bsdcalls

package descriptor

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// SendFile sends the next part of a file, with sendfile(2), on a socket that does not
// block. It reports whether the operation has ended, and, if not, whether the socket is
// full. The call may wait for the device of the file, so the scheduler is told of it.
func SendFile(fd, file int32, op *ops.Operation) (ended, full bool) {
	offset, size := backend.NextPart(op, MaxTransfer)
	for {
		n, err := unix.Sendfile(int(fd), int(file), &offset, size)
		switch {
		case err == nil:
			return backend.Sent(op, n), false
		case err == syscall.EAGAIN:
			return false, true
		case err != syscall.EINTR:
			op.Err = os.NewSyscallError("sendfile", err)
			return true, false
		}
	}
}
