//go:build unix

package portable

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A fileWriter writes to a file. (os.File.WriteAt does not say how much it has written
// when it fails.)
type fileWriter struct {
	raw    syscall.RawConn
	write  func(fd uintptr) // writes buf and sets n and err
	buf    []byte
	offset int64
	n      int
	err    error
}

// writeAt writes b at an offset of f. It has an error if that is less than everything.
func (w *fileWriter) writeAt(f *os.File, b []byte, offset int64) (n int, err error) {
	if w.raw == nil {
		if w.raw, err = f.SyscallConn(); err != nil {
			return 0, err
		}
		w.write = func(fd uintptr) { w.n, w.err = pwrite(int(fd), w.buf, w.offset) }
	}
	w.buf, w.offset, w.n, w.err = b, offset, 0, nil
	err = w.raw.Control(w.write)
	w.buf = nil
	if err == nil {
		err = w.err
	}
	return w.n, err
}

// pwrite goes on where a call has written a part, as only the next one says why.
func pwrite(fd int, b []byte, offset int64) (n int, err error) {
	for n < len(b) {
		part := b[n:min(len(b), n+descriptor.MaxWrite)]
		m, err := unix.Pwrite(fd, part, offset+int64(n))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return n, os.NewSyscallError("write", err)
		case m == 0:
			return n, io.ErrShortWrite
		}
		n += m
	}
	return n, nil
}
