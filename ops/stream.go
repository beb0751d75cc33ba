package ops

import "io"

// A Reader reads into an operation's Buf.
//
// It may also be [Associated], with the default allocator for handlers that
// bring none.
type Reader interface {
	// StartRead starts to read up to len(op.Buf) bytes, at least one unless Buf
	// is empty, and completes op later with N and Err. At the end of the stream
	// Err is io.EOF. Operations are served in the order in which they were
	// started. An operation whose Err is already set is completed as it is. The
	// field Buf is not changed. All parts of a composed operation must be for one
	// stream: a platform may refuse a later part that comes from another.
	StartRead(op *Operation)
}

// A Writer writes an operation's Buf.
//
// It may also be [Associated], with the default allocator for handlers that
// bring none.
type Writer interface {
	// StartWrite starts to write some of op.Buf, at least one byte unless Buf is
	// empty, and completes op later with N and Err; N may be less than len(op.Buf)
	// with a nil Err. Operations are served in the order in which they were
	// started. An operation whose Err is already set is completed as it is; it may
	// come from any goroutine.
	StartWrite(op *Operation)
}

// Read reads up to len(b) bytes from r. The buffer belongs to the operation
// until the handler is called.
func Read(r Reader, b []byte, h Handler) {
	op := begin(h, nil, r)
	op.Buf = b
	r.StartRead(op)
}

// Write writes some of b to w, at least one byte unless b is empty, and calls the
// handler with the number of bytes written. Use WriteFull to write all of b. The
// buffer belongs to the operation until the handler is called.
func Write(w Writer, b []byte, h Handler) {
	op := begin(h, nil, w)
	op.Buf = b
	w.StartWrite(op)
}

// ReadFull reads exactly len(b) bytes from r. Its handler is called with the
// number of bytes read and an error: nil if b is full, io.EOF if the stream
// ended before the first byte, io.ErrUnexpectedEOF if it ended later, or any
// other error that ended it early. It uses one block of memory until it ends,
// however many reads it takes.
//
// Another read that is started on r before this one ends may take bytes from
// the middle.
func ReadFull(r Reader, b []byte, h Handler) {
	op := begin(h, nil, r)
	op.Buf, op.stream = b, r
	op.flags |= stepRead
	r.StartRead(op)
}

// WriteFull writes all of b to w. Its handler is called with the number of
// bytes written, which is less than len(b) only with an error. It uses one
// block of memory until it ends, however many writes it takes.
//
// Another write that is started on w before this one ends may put bytes into
// the middle.
func WriteFull(w Writer, b []byte, h Handler) {
	op := begin(h, nil, w)
	op.Buf, op.stream = b, w
	op.flags |= stepWrite
	w.StartWrite(op)
}

// takeStep handles the end of a part of a composed operation, and reports whether it
// has started another.
func (op *Operation) takeStep() bool {
	switch op.flags & stepMask {
	case stepRead:
		return op.readMore(op.stream.(Reader))
	case stepWrite:
		if op.more() {
			op.stream.(Writer).StartWrite(op)
			return true
		}
	case stepArrival:
		return op.arrived()
	case stepVectored:
		return op.moreVectored()
	case stepOwn:
		return op.stream.(stepper).takeStep(op)
	}
	return false
}

// A stepper is what a composed operation works on if it needs more state than an
// operation has room for, in memory of the program.
type stepper interface {
	// takeStep is called when a part has ended, and reports whether it has
	// started another. If not, N and Err are those of the whole.
	takeStep(op *Operation) bool

	// ended is called when the operation ends, whether its handler will be
	// called or not, right before its memory is released.
	ended(op *Operation)
}

// stepBy makes s take the steps of a composed operation.
func (op *Operation) stepBy(s stepper) {
	op.stream = s
	op.flags |= stepOwn | told
}

// readMore takes the result of a part of reading all of Buf, and starts the next.
func (op *Operation) readMore(r Reader) bool {
	if op.more() {
		r.StartRead(op)
		return true
	}
	if op.Err == io.EOF && op.N > 0 {
		op.Err = io.ErrUnexpectedEOF
	}
	return false
}

// more takes the result of a part of a transfer of all of Buf and reports
// whether another part is needed. If not, N and Err are those of the whole.
func (op *Operation) more() bool {
	if op.N == 0 && op.Err == nil && len(op.Buf) > 0 {
		op.Err = io.ErrNoProgress
	}
	op.setDone(op.done() + op.N)
	op.Buf = op.Buf[op.N:]
	if op.N > 0 && len(op.Buf) == 0 {
		op.Err = nil // an error that came with the last byte is for the next operation
	}
	op.N = 0
	if op.Err == nil && len(op.Buf) > 0 {
		return true
	}
	op.N = op.done()
	return false
}
