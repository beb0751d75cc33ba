package backend

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
)

// A Splicer is a Backend that can move data from one stream to another through a pipe of
// the system, as splice(2) of Linux does. The outermost layer is asked whether it is one,
// so a layer that does not implement Splicer sees reads and writes instead.
//
// Splices and TrySplice are called from any goroutine that starts operations, with the
// socket s locked; the socket of the other stream is not. EndSplice is also called by the
// goroutine that polls, and by whoever cancels or closes, mostly with the socket that is
// written to locked.
type Splicer interface {
	Backend

	// Splices reports whether the stream s may be either end of a splice.
	Splices(s *Socket) bool

	// TrySplice takes some of what there is to read from the stream s, without waiting,
	// and calls [SetSpliced]. No read is outstanding. taken is false if it has taken
	// nothing, for whatever reason. err is an error of the stream that the attempt has
	// consumed, so that a later read would not see it.
	TrySplice(s *Socket, op *ops.Operation) (taken bool, err error)

	// EndSplice takes back what TrySplice has given op. What was not written is lost.
	EndSplice(op *ops.Operation)
}

// Spliced returns the pipe that has the bytes of an operation of ops.KindSplice, and how
// many bytes it still has to write.
func Spliced(op *ops.Operation) (pipe unsafe.Pointer, left int) {
	return op.Arg, int(op.Args[0]) - op.N
}

// SetSpliced sets what Spliced returns, n bytes.
func SetSpliced(op *ops.Operation, pipe unsafe.Pointer, n int) {
	op.Arg, op.Args[0] = pipe, uint64(n)
}
