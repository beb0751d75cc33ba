package platform

import "github.com/heirloom-go/heirloom/ops"

// queue is a first-in, first-out list of operations, linked through Next. It is a
// circle of which it knows the last, so that it takes one word: a socket has two.
type queue struct {
	last *ops.Operation
}

func (q *queue) empty() bool { return q.last == nil }

// first returns the first operation, or nil.
func (q *queue) first() *ops.Operation {
	if q.last == nil {
		return nil
	}
	return q.last.Next
}

// next returns the operation after op, which is in the queue, or nil.
func (q *queue) next(op *ops.Operation) *ops.Operation {
	if op == q.last {
		return nil
	}
	return op.Next
}

func (q *queue) push(op *ops.Operation) {
	if last := q.last; last == nil {
		op.Next = op
	} else {
		op.Next, last.Next = last.Next, op
	}
	q.last = op
}

// pop removes the first operation and returns it, or nil.
func (q *queue) pop() *ops.Operation {
	last := q.last
	if last == nil {
		return nil
	}
	op := last.Next
	if op == last {
		q.last = nil
	} else {
		last.Next = op.Next
	}
	op.Next = nil
	return op
}

// take moves everything from other to the end of q.
func (q *queue) take(other *queue) {
	switch {
	case other.last == nil:
		return
	case q.last != nil:
		q.last.Next, other.last.Next = other.last.Next, q.last.Next
	}
	*q, *other = *other, queue{}
}

// remove takes op out of the middle and reports whether it was there.
func (q *queue) remove(op *ops.Operation) bool {
	before := q.last
	for at := q.first(); at != nil; before, at = at, q.next(at) {
		if at != op {
			continue
		}
		if before == op {
			q.last = nil
		} else {
			before.Next = op.Next
			if q.last == op {
				q.last = before
			}
		}
		op.Next = nil
		return true
	}
	return false
}

// find returns the operation with the given ID, or nil.
func (q *queue) find(id uint64) *ops.Operation {
	for op := q.first(); op != nil; op = q.next(op) {
		if op.ID == id {
			return op
		}
	}
	return nil
}
