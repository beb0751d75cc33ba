package chains

import (
	"errors"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// Writes that wait until those before them are done. Their time is not limited, as that has
// no effect while they wait.

// queued is what a chain writes through.
type queued struct {
	writer ops.BufferedWriter
	queue  ops.WriteQueue
	ahead  *[2]ahead // of the write of a queue

	open     bool // the step has begun, and has more in the queue or the writer
	appended int  // bytes of the step, to the writer
	pausing  bool // before a write is started once more
}

// An ahead is the handler of a write that stands in the queue before that of the chain. It
// keeps the number of bytes written, plus 1. The race detector must not see how the chain
// learns of them: it would miss an edge that the platform owes.
type ahead struct{ written atomic.Int64 }

func (a *ahead) Complete(n int, _ error) {
	race.Off()
	a.written.Store(int64(n) + 1)
	race.On()
}

// ended returns how many bytes were written, and whether that is known yet.
func (a *ahead) ended() (n int, ok bool) {
	race.Off()
	defer race.On()
	n = int(a.written.Load())
	return max(n-1, 0), n > 0
}

func (a *ahead) Allocator() allocator.Allocator[ops.Operation] {
	return allocator.Heap[ops.Operation]{}
}

// startWriteQueued has two parts of the transfer written by others, and the last by the
// chain.
func startWriteQueued(c *chainRun, _ *Step, h ops.Handler) {
	q, out := &c.queued, c.outgoing()
	first, second := len(out)/2, len(out)*3/4
	switch {
	case q.pausing:
		c.timer.Wait(patience<<min(c.attempts, 20), h)
		return
	case !q.open:
		q.open, q.ahead = true, new([2]ahead)
		q.queue.Reset(c.end.conn, maxTransfer)
		q.queue.Write(out[:first], &q.ahead[0])
		q.queue.Write(out[first:second], &q.ahead[1])
	}
	q.queue.Write(out[second:], h)
}

// takeQueued takes what all the writes have written. As long as not all have ended, that of
// the chain may have been cancelled or refused alone, and is started once more, some time
// later.
func takeQueued(c *chainRun, n int, err error) (int, error) {
	q := &c.queued
	if c.run.refuses(err) {
		return n, err
	}
	if q.pausing {
		q.pausing = false
		return 0, ops.ErrWouldBlock
	}
	if err == nil { // those before it have written all, whether they know it already or not
		n += c.left * 3 / 4
	} else {
		for i := range q.ahead {
			written, ended := q.ahead[i].ended()
			if !ended {
				q.pausing = true
				return 0, ops.ErrWouldBlock
			}
			n += written
		}
	}
	q.open = false
	return n, err
}

// settleQueued lets no allocator fail: whether the others have written by then depends on
// the platform.
func settleQueued(_ []Step, s Step) (Step, bool) {
	s.Refuse = 0
	return s, true
}

// startAppend appends one half, in two parts, to a buffer that has no room for more, and waits
// for that. When there was room for the other half, it waits until all is written.
func startAppend(c *chainRun, _ *Step, h ops.Handler) {
	q, out := &c.queued, c.outgoing()
	half := (len(out) + 1) / 2
	if !q.open {
		q.open, q.appended = true, half
		q.writer.Reset(c.end.conn, max(half, 1), nil)
		q.writer.Append(out[:half/2]) // if it fails, so does what follows
		q.writer.Append(out[half/2 : half])
	}
	if rest := len(out) - q.appended; rest > 0 {
		q.writer.WhenRoom(rest, h)
		return
	}
	q.writer.Flush(h)
}

// takeAppended appends what there is room for now, and goes on; or takes what was written in
// all. As long as no write has failed, the chain's operation was cancelled or refused alone.
func takeAppended(c *chainRun, n int, err error) (int, error) {
	q, out := &c.queued, c.outgoing()
	more := q.appended < len(out)
	if err == nil && more {
		err = q.writer.Append(out[q.appended:])
		if q.appended = len(out); err == nil {
			return 0, ops.ErrWouldBlock
		}
	}
	if err != nil && q.writer.Append(nil) == nil && !errors.Is(err, ops.ErrQueueFull) {
		return 0, ops.ErrWouldBlock
	}
	q.open = false
	return n + int(q.writer.Written()), err
}
