package platform

import "github.com/heirloom-go/heirloom/ops"

// queue is a first-in, first-out list of operations, linked through Next.
type queue struct {
	head, tail *ops.Operation
}

func (q *queue) push(op *ops.Operation) {
	op.Next = nil
	if q.head == nil {
		q.head = op
	} else {
		q.tail.Next = op
	}
	q.tail = op
}

// pop removes the first operation and returns it, or nil.
func (q *queue) pop() *ops.Operation {
	op := q.head
	if op != nil {
		if q.head = op.Next; q.head == nil {
			q.tail = nil
		}
		op.Next = nil
	}
	return op
}

// take moves everything from other to the end of q.
func (q *queue) take(other *queue) {
	switch {
	case other.head == nil:
		return
	case q.head == nil:
		q.head = other.head
	default:
		q.tail.Next = other.head
	}
	q.tail = other.tail
	*other = queue{}
}

// remove takes op out of the middle and reports whether it was there.
func (q *queue) remove(op *ops.Operation) bool {
	var before *ops.Operation
	for at := q.head; at != nil; before, at = at, at.Next {
		if at != op {
			continue
		}
		if before == nil {
			q.head = op.Next
		} else {
			before.Next = op.Next
		}
		if q.tail == op {
			q.tail = before
		}
		op.Next = nil
		return true
	}
	return false
}

// find returns the operation with the given ID, or nil.
func (q *queue) find(id uint64) *ops.Operation {
	for op := q.head; op != nil; op = op.Next {
		if op.ID == id {
			return op
		}
	}
	return nil
}
