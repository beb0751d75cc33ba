//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package descriptor

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// EachBuffer calls f with the parts of the buffers that the first n bytes lie
// in.
func EachBuffer(bufs [][]byte, n int, f func([]byte)) {
	for _, b := range bufs {
		if n == 0 {
			return
		}
		b = b[:min(len(b), n)]
		n -= len(b)
		f(b)
	}
}

// Room returns how many bytes an operation on a stream could transfer.
func Room(op *ops.Operation) (n int) {
	if op.Kind != ops.KindReadVectored && op.Kind != ops.KindWriteVectored {
		return len(op.Buf)
	}
	for _, b := range backend.Buffers(op) {
		n += len(b)
	}
	return n
}
