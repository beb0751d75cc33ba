package backend

import (
	"fmt"
	"io"
	"math"
	"syscall"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
)

// SourceFile returns the file that an operation of ops.KindSendFile sends. It stays open
// until the operation has ended, so a backend may read its Sys without its lock.
func SourceFile(op *ops.Operation) *Socket { return (*Socket)(op.Arg) }

// SetSourceFile sets what SourceFile and Rest return. The count is negative for everything
// until the end of the file.
func SetSourceFile(op *ops.Operation, file *Socket, offset, count int64) {
	op.Arg, op.Args = unsafe.Pointer(file), [2]uint64{uint64(offset), uint64(count)}
}

// Rest returns what an operation of ops.KindSendFile still has to send: the offset in the
// file and the number of bytes, or -1 for everything until the end.
func Rest(op *ops.Operation) (offset, left int64) {
	offset = int64(op.Args[0]) + int64(op.N)
	if left = int64(op.Args[1]); left < 0 {
		return offset, -1
	}
	return offset, left - int64(op.N)
}

// NextPart returns what Rest does, with at most most bytes, for one call.
func NextPart(op *ops.Operation, most int) (offset int64, size int) {
	offset, left := Rest(op)
	if left < 0 || left > int64(most) {
		left = int64(most)
	}
	return offset, int(min(left, int64(math.MaxInt-op.N)))
}

// Sent says that an operation of ops.KindSendFile has sent a part of n bytes, and adds
// them to N. A part of 0 bytes means the end of the file. Sent reports whether the
// operation has ended, with its error in Err.
func Sent(op *ops.Operation, n int) bool {
	op.N += n
	_, left := Rest(op)
	switch {
	case left == 0:
		return true
	case n > 0:
		return false
	case left > 0:
		op.Err = io.ErrUnexpectedEOF
	case op.N == math.MaxInt:
		op.Err = fmt.Errorf("platform: the file has more bytes than an int can count: %w", syscall.EOVERFLOW)
	}
	return true
}
