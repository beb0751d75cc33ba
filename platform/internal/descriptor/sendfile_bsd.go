//go:build darwin || dragonfly || freebsd || netbsd || openbsd || (linux && bsdcalls)

package descriptor

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// fileParts are buffers for parts of files.
var fileParts = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// SendFile sends the next part of a file, on a socket that does not block. It reports
// whether the operation has ended, and, if not, whether the socket is full. The part is read
// and written: sendfile(2) is another call on each of these systems, and one has none. What
// is read and finds no room is read again. To read may wait for the device of the file.
func SendFile(fd, file int32, op *ops.Operation) (ended, full bool) {
	part := fileParts.Get().(*[64 << 10]byte)
	defer fileParts.Put(part)
	for sent := 0; sent < MaxTransfer; {
		offset, size := backend.NextPart(op, len(part))
		n, err := unix.Pread(int(file), part[:size], offset)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			op.Err = os.NewSyscallError("read", err)
			return true, false
		}
		if n > 0 {
			m, errno := Send(fd, part[:n])
			if errno == unix.EAGAIN {
				return false, true
			}
			if errno != 0 {
				op.Err = os.NewSyscallError("write", errno)
				return true, false
			}
			n = m
			sent += n
		}
		if backend.Sent(op, n) {
			return true, false
		}
	}
	return false, false
}
