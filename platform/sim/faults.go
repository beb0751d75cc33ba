package sim

import (
	"bytes"
	"slices"

	"github.com/heirloom-go/heirloom/ops"
)

// Faults make a deliberately wrong backend, to test the tests: whoever judges a
// platform must notice each of these faults. Each happens at every opportunity. In
// a world without faults the backend keeps the contract of backend.Backend in any
// Weather.
type Faults struct {
	// StaleCompletion: a late completion whose slot has the next operation already
	// ends that operation, with the result of the old one. The kernel does not know
	// this. It goes on with the operation, and writes into its buffer. If
	// Weather.Stale is 0, every completion comes a second time.
	StaleCompletion bool

	// CompleteTwice: every operation that Poll completes is completed once more,
	// immediately.
	CompleteTwice bool

	// CompleteEnded: an operation that ended in Start is completed by the next Poll
	// as well. If Weather.AtOnce is 0, every operation that can end in Start does.
	CompleteEnded bool

	// LateWrite: a read is completed before its data is in the buffer. The next
	// Poll writes the data.
	LateWrite bool

	// WriteAfterCancel: the next Poll writes into the buffer of a read that was
	// cancelled and let go.
	WriteAfterCancel bool

	// LoseCanceled: a cancelled operation is neither let go nor completed.
	LoseCanceled bool

	// LoseOnClose: when a socket is closed, its operations that were cancelled and
	// have not ended are never completed. No cancelled operation is let go at once.
	LoseOnClose bool

	// OutOfOrder: what is written to a stream arrives before what was written
	// earlier and has not been read.
	OutOfOrder bool
}

// A lateWrite is what a faulty kernel still has to write, into a buffer that
// is no longer its own.
type lateWrite struct{ to, data []byte }

// fill writes data into a buffer that the kernel has, and returns how much.
func (b *kernel) fill(to, data []byte) int {
	n := min(len(to), len(data))
	if b.w.faults.LateWrite {
		b.late = append(b.late, lateWrite{to[:n], slices.Clone(data[:n])})
		return n
	}
	return copy(to, data)
}

// trample has a buffer written that the kernel does not have any more.
func (b *kernel) trample(buf []byte) {
	b.late = append(b.late, lateWrite{buf, bytes.Repeat([]byte{garbage}, len(buf))})
}

// misbehave commits the faults that were put off to the next poll.
func (b *kernel) misbehave() {
	for i, l := range b.late {
		copy(l.to, l.data)
		b.late[i] = lateWrite{}
	}
	b.late = b.late[:0]
	for i, op := range b.ended {
		if op.Target != nil && op.Kind >= ops.KindAccept { // else nobody could be told
			b.batch = append(b.batch, op)
		}
		b.ended[i] = nil
	}
	b.ended = b.ended[:0]
}

// garbage is what a buffer is scribbled over with.
const garbage = 0xa5

func scribble(buf []byte) {
	for i := range buf {
		buf[i] = garbage
	}
}
