package portable

import (
	"io"
	"os"
	"sync"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// parts are buffers for files that are sent, for as long as that takes.
var parts = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// sendFile reads a file and writes it. The calls of package net that let the system do
// it go by the offset of the descriptor, which other connections may send as well.
func (w *worker) sendFile(op *ops.Operation) (int, error) {
	file := backend.SourceFile(op).Sys.(*socket).file
	part := parts.Get().(*[64 << 10]byte)
	defer parts.Put(part)
	for {
		offset, size := backend.NextPart(op, len(part))
		n, err := file.ReadAt(part[:size], offset)
		if n == 0 && size > 0 && err != io.EOF {
			if e, ok := err.(*os.PathError); ok {
				err = os.NewSyscallError(e.Op, e.Err)
			}
			return op.N, err
		}
		if n > 0 {
			if n, err = w.s.conn.Write(part[:n]); err != nil {
				return op.N + n, err
			}
		}
		if backend.Sent(op, n) {
			return op.N, op.Err
		}
	}
}
