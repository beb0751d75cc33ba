package platform

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/ops/reach"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// An inbox takes operations from any goroutine for the one that runs the
// proactor. Those who push take no lock, and neither does the runner.
type inbox struct {
	top atomic.Pointer[ops.Operation] // the last that was pushed, or shut

	mu      sync.Mutex
	refused record.Queue // what was pushed after the end
}

// shut stands in an inbox that takes no more.
var shut ops.Operation

// push adds an operation. If the inbox is closed it refuses the operation, and keeps
// only what calls its handler.
func (in *inbox) push(op *ops.Operation) {
	for {
		top := in.top.Load()
		if top == &shut {
			break
		}
		op.Next = top
		if in.top.CompareAndSwap(top, op) {
			return
		}
	}
	op.Next = nil
	reach.Sometimes(true, reach.InboxShut)
	op = op.Refuse(net.ErrClosed)
	in.mu.Lock()
	in.refused.Push(op)
	in.mu.Unlock()
}

// full reports whether there is something to move, or may be.
func (in *inbox) full() bool { return in.top.Load() != nil }

// moveTo moves everything to the end of q, in the order in which it was pushed,
// and returns the number of operations. Only the runner calls it.
func (in *inbox) moveTo(q *record.Queue) (n int64) {
	switch top := in.top.Load(); top {
	case nil:
		return 0
	case &shut:
		in.mu.Lock()
		defer in.mu.Unlock()
		for op := in.refused.Pop(); op != nil; op = in.refused.Pop() {
			q.Push(op)
			n++
		}
		return n
	}
	op := in.top.Swap(nil)
	if op.Next == nil {
		q.Push(op)
		return 1
	}
	reach.Sometimes(true, reach.InboxSeveral)
	// The last that was pushed is the first of the list.
	var pushed record.Queue
	n = pushed.Reverse(op)
	q.Splice(&pushed)
	return n
}

// close makes an empty inbox refuse everything from now on. It reports whether
// it was empty.
func (in *inbox) close() bool { return in.top.CompareAndSwap(nil, &shut) }
