package ops

import "errors"

// An opList is a list of operations that wait for something in this package. An operation
// that leaves it has no links: the queue of a platform that it enters next may rely on
// that.
type opList struct{ head, tail *Operation }

func (l *opList) push(op *Operation) {
	op.Next, op.Prev = nil, l.tail
	if l.tail == nil {
		l.head = op
	} else {
		l.tail.Next = op
	}
	l.tail = op
}

func (l *opList) remove(op *Operation) {
	if op.Prev == nil {
		l.head = op.Next
	} else {
		op.Prev.Next = op.Next
	}
	if op.Next == nil {
		l.tail = op.Prev
	} else {
		op.Next.Prev = op.Prev
	}
	op.Next, op.Prev = nil, nil
}

// moveTo moves everything to the end of another list.
func (l *opList) moveTo(to *opList) {
	for op := l.head; op != nil; op = l.head {
		l.remove(op)
		to.push(op)
	}
}

// refuseList passes what replaces each operation of a list to put. The caller holds the
// lock under which they are cancelled. If an allocator panics, so does this, once the others
// are refused.
func refuseList(op *Operation, err error, put func(*Operation)) {
	defer func() {
		if op != nil {
			refuseList(op, err, put)
		}
	}()
	for op != nil {
		first := op
		op = op.Next
		put(first.Refuse(err))
	}
}

// disarmAll disarms the operations of a list.
func disarmAll(op *Operation) {
	for ; op != nil; op = op.Next {
		op.Disarm()
	}
}

// endList completes or abandons the operations of a list. If one of them panics, so
// does this, once the others have ended.
func endList(op *Operation, end func(*Operation)) {
	defer func() {
		if op != nil {
			endList(op, end)
		}
	}()
	for op != nil {
		first := op
		op, first.Next, first.Prev = op.Next, nil, nil
		end(first)
	}
}

// endLater ends op with err, which may be nil, and without anything else: a stream
// completes an operation that has an error as it is.
func (op *Operation) endLater(w Writer, err error) {
	if op.N, op.Err = 0, err; err == nil {
		op.Err = errNone
		op.stepBy(noStep{})
	}
	w.StartWrite(op)
}

// errNone stands for no error where there has to be one.
var errNone = errors.New("ops: no error")

// noStep takes errNone back.
type noStep struct{}

func (noStep) takeStep(op *Operation) bool {
	if op.Err == errNone {
		op.Err = nil
	}
	return false
}

func (noStep) ended(*Operation) {}
