package backend

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
)

// A Splicer is a Backend that can move what one stream has brought to another through a
// pipe of the system, as splice(2) of Linux does. It is asked of the outermost layer, so a
// layer that does not implement it sees reads and writes instead.
//
// All three are called from any goroutine that starts operations, the first two with the
// socket locked. That of the other stream is not locked.
type Splicer interface {
	Backend

	// Splices reports whether the stream s may be either end of a splice.
	Splices(s *Socket) bool

	// TrySplice takes some of what there is to read from the stream s, without waiting,
	// and says so by [SetSpliced]. No read is outstanding. It reports false if it has
	// taken nothing, for whatever reason. The error is one of the stream that a read
	// would not meet any more.
	TrySplice(s *Socket, op *ops.Operation) (taken bool, err error)

	// EndSplice takes back what TrySplice has given op. What was not written is lost.
	EndSplice(op *ops.Operation)
}

// Spliced returns where an operation of ops.KindSplice has its bytes, and how many it has
// still to write.
func Spliced(op *ops.Operation) (pipe unsafe.Pointer, left int) {
	return op.Arg, int(op.Args[0]) - op.N
}

// SetSpliced sets what Spliced returns, n bytes.
func SetSpliced(op *ops.Operation, pipe unsafe.Pointer, n int) {
	op.Arg, op.Args[0] = pipe, uint64(n)
}
