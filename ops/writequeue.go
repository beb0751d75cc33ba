package ops

import (
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
)

// A WriteQueue is a [Writer] on which any number of writes may be outstanding. Each is
// written in full, in the order in which they were started. Several that wait go out in
// one write if the writer below is a [VectorWriter].
//
// The bytes are not copied, so a message to many connections is in memory once. Each
// write has a handler, which is called when the program may use its bytes again. If one
// goroutine runs the proactor, the handlers are called in the order of the writes. The
// operation itself waits in the queue. [BufferedWriter] is the counterpart that copies,
// and needs no handlers.
//
// At most limit bytes wait. The handler of a write beyond that is called with
// [ErrQueueFull]. After a write has failed, the handlers of all others are called with
// its error. A write can be cancelled while it waits. A timeout of its handler has no
// effect.
//
// A WriteQueue contains the memory of its write. Any goroutine that may use the writer
// below may use the queue. It must not be copied after its first use.
type WriteQueue struct {
	w      Writer
	vector VectorWriter // w, or nil
	limit  int

	mu      sync.Mutex
	waiting opList
	flight  opList // is being written
	bytes   int    // of both
	busy    bool
	err     error
	bufs    [16][]byte // of what is being written
	block   block
}

var _ Writer = (*WriteQueue)(nil)

// NewWriteQueue returns a queue of writes to w in which at most limit bytes
// wait.
func NewWriteQueue(w Writer, limit int) *WriteQueue {
	q := new(WriteQueue)
	q.Reset(w, limit)
	return q
}

// Reset makes q a queue of writes to w, as if it were new. It is for a queue that is a
// field of a session struct, and panics while a write is outstanding.
func (q *WriteQueue) Reset(w Writer, limit int) {
	if w == nil || limit <= 0 {
		panic("ops: WriteQueue: no Writer, or no limit")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy {
		panic("ops: WriteQueue: Reset while a write is outstanding")
	}
	q.w, q.limit, q.err = w, limit, nil
	q.vector, _ = w.(VectorWriter)
}

// Allocator returns the default allocator of the writer below, or nil.
func (q *WriteQueue) Allocator() allocator.Allocator[Operation] { return defaultOf(q.w) }

// Write writes all of p, after the writes that were started before. It is [WriteFull]
// on the queue.
func (q *WriteQueue) Write(p []byte, h Handler) {
	q.mustHaveWriter()
	WriteFull(q, p, h)
}

func (q *WriteQueue) mustHaveWriter() {
	if q.w == nil {
		panic("ops: WriteQueue: no Writer: see NewWriteQueue and Reset")
	}
}

// StartWrite implements [Writer].
func (q *WriteQueue) StartWrite(op *Operation) {
	q.mustHaveWriter()
	if op.Err != nil {
		q.w.StartWrite(op)
		return
	}
	start, err := q.enqueue(op)
	switch {
	case err != nil:
		op.Err = err
		q.w.StartWrite(op)
	case start:
		q.start()
	}
}

func (q *WriteQueue) enqueue(op *Operation) (start bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch n := len(op.Buf); {
	case q.err != nil:
		err = q.err
	case n > q.limit:
		err = errNeverFits
	case n > q.limit-q.bytes:
		err = ErrQueueFull
	case !op.Arm(q):
		err = ErrCanceled
	default:
		q.bytes += n
		q.waiting.push(op)
		start = q.next()
	}
	return start, err
}

// Buffered returns how many bytes wait or are being written.
func (q *WriteQueue) Buffered() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

// next takes what waits to be written, if nothing is being written, and reports whether
// the caller must call start.
func (q *WriteQueue) next() (start bool) {
	if q.busy || q.waiting.head == nil {
		return false
	}
	n := len(q.bufs)
	if q.vector == nil {
		n = 1
	}
	for i := 0; i < n && q.waiting.head != nil; i++ {
		op := q.waiting.head
		q.waiting.remove(op)
		op.Disarm()
		q.bufs[i] = op.Buf
		q.flight.push(op)
	}
	q.busy = true
	return true
}

// start writes what next has taken. It is called once for each next that returned true.
func (q *WriteQueue) start() {
	h := (*queuedWrite)(q)
	if q.flight.head == q.flight.tail {
		WriteFull(q.w, q.bufs[0], h)
		return
	}
	WriteVectoredFull(q.vector, q.bufs[:], h)
}

// CancelOperation implements [Canceler].
func (q *WriteQueue) CancelOperation(s *CancelSlot) {
	q.mu.Lock()
	op := s.Requested(q)
	if op == nil {
		q.mu.Unlock()
		return
	}
	q.waiting.remove(op)
	q.bytes -= len(op.Buf)
	op.Disarm()
	q.mu.Unlock()
	op.Err = ErrCanceled
	q.w.StartWrite(op)
}

// wrote takes the result of the write. It returns the operations that have ended, and
// whether there is another write to start.
func (q *WriteQueue) wrote(n int, err error) (done opList, start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = false
	clear(q.bufs[:])
	q.flight.moveTo(&done)
	if err != nil {
		q.err = err
		disarmAll(q.waiting.head)
		q.waiting.moveTo(&done)
	}
	for op := done.head; op != nil; op = op.Next {
		q.bytes -= len(op.Buf)
		if op.N = min(n, len(op.Buf)); op.N < len(op.Buf) || n == 0 {
			op.Err = err
		}
		n -= op.N
	}
	return done, q.next()
}

// queuedWrite is a WriteQueue as the handler of its write.
type queuedWrite WriteQueue

func (w *queuedWrite) Allocator() allocator.Allocator[Operation] { return &w.block }

func (w *queuedWrite) Complete(n int, err error) {
	q := (*WriteQueue)(w)
	done, start := q.wrote(n, err)
	if start {
		q.start()
	}
	endList(done.head, (*Operation).Complete)
}

// refuse replaces the writes, so that their memory is released at once, when the proactor was
// closed before they could begin.
func (w *queuedWrite) refuse(err error) {
	q := (*WriteQueue)(w)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err, q.bytes = err, 0
	q.waiting.moveTo(&q.flight)
	op := q.flight.head
	q.flight = opList{}
	refuseList(op, err, q.flight.push)
}

// Abandon is called when the proactor was closed: no handler of a write is called.
func (w *queuedWrite) Abandon() {
	done, _ := (*WriteQueue)(w).wrote(0, ErrCanceled)
	endList(done.head, (*Operation).Abandon)
}
