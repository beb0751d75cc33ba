package backend

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
)

// A Splicer is a Backend that can move what one stream has brought to another through a
// pipe of the system, as splice(2) of Linux does. It is asked of the outermost layer, so a
// layer that does not implement it sees reads and writes instead.
//
// Splices and TrySplice are called from any goroutine that starts operations, with the
// socket locked; that of the other stream is not. EndSplice is also called by the leader,
// and by whoever cancels or closes, mostly with the socket locked that is written to.
type Splicer interface {
	Backend

	// Splices reports whether the stream s may be either end of a splice.
	Splices(s *Socket) bool

	// TrySplice takes some of what there is to read from the stream s, without waiting,
	// and says so by [SetSpliced]. No read is outstanding. It reports false if it has
	// taken nothing, for whatever reason. err is an error of the stream that the attempt
	// has consumed, so that a later read would not see it.
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
