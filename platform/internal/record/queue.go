package record

import "github.com/heirloom-go/heirloom/ops"

// A Queue is a first-in, first-out list of operations, linked through Next and Prev,
// so that one can be taken out of the middle. It is a circle of which it knows the
// last, and takes one word: a socket has two. The Prev of the first is nil.
type Queue struct {
	last *ops.Operation
}

// Empty reports whether there is nothing in q.
func (q *Queue) Empty() bool { return q.last == nil }

// First returns the first operation, or nil.
func (q *Queue) First() *ops.Operation {
	if q.last == nil {
		return nil
	}
	return q.last.Next
}

// Last returns the last operation, or nil.
func (q *Queue) Last() *ops.Operation { return q.last }

// Next returns the operation after op, which is in the queue, or nil.
func (q *Queue) Next(op *ops.Operation) *ops.Operation {
	if op == q.last {
		return nil
	}
	return op.Next
}

// Push adds an operation at the end.
func (q *Queue) Push(op *ops.Operation) {
	if last := q.last; last == nil {
		op.Next = op
	} else {
		op.Next, op.Prev, last.Next = last.Next, last, op
	}
	q.last = op
}

// Pop removes the first operation and returns it, or nil.
func (q *Queue) Pop() *ops.Operation {
	last := q.last
	if last == nil {
		return nil
	}
	op := last.Next
	if op == last {
		q.last = nil
	} else {
		last.Next = op.Next
		op.Next.Prev = nil
	}
	op.Next = nil
	return op
}

// Splice moves everything from other to the end of q.
func (q *Queue) Splice(other *Queue) {
	switch {
	case other.last == nil:
		return
	case q.last != nil:
		first := other.last.Next
		first.Prev = q.last
		q.last.Next, other.last.Next = first, q.last.Next
	}
	*q, *other = *other, Queue{}
}

// Reverse makes q, which is empty, a list that is linked by Next alone, from the last
// operation to the first, and returns how many there are.
func (q *Queue) Reverse(last *ops.Operation) (n int64) {
	q.last = last
	after := (*ops.Operation)(nil)
	for op := last; op != nil; n++ {
		before := op.Next
		op.Next, op.Prev = after, before
		after, op = op, before
	}
	last.Next = after // the first
	return n
}

// Remove takes op out, which is in the queue.
func (q *Queue) Remove(op *ops.Operation) {
	before := op.Prev
	if before == nil {
		q.Pop()
		return
	}
	before.Next = op.Next
	if op == q.last {
		q.last = before
	} else {
		op.Next.Prev = before
	}
	op.Next, op.Prev = nil, nil
}
