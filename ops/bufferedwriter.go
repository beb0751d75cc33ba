package ops

import (
	"errors"
	"fmt"
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
)

// ErrQueueFull is the error of a [BufferedWriter] or [WriteQueue] when the bytes do not
// fit within its limit at the moment.
var ErrQueueFull = errors.New("ops: more waits to be written than the limit allows")

// errNeverFits is for what does not fit even if nothing waits.
var errNeverFits = fmt.Errorf("ops: longer than the limit of what may wait to be written: %w", allocator.ErrTooLarge)

// A BufferedWriter writes the bytes that are appended to it, in order, with one write
// outstanding at a time. Any handler may append, as in a chat, where everybody writes to
// everybody. Bytes that are appended while a write is outstanding go out together in the
// next one.
//
// At most limit bytes wait. Beyond that [BufferedWriter.Append] fails, and
// [BufferedWriter.WhenRoom] says when to go on. So the memory that a peer can tie up by
// not reading is bounded. After a write has failed, everything fails with its error.
//
// A BufferedWriter contains the memory of its write. Any goroutine that may use the writer
// below may call its methods. A write also fails if everything on its connection is
// cancelled, or if the connection's deadline passes.
//
// To know when the memory of a BufferedWriter may be used for something else, close the
// connection and call [BufferedWriter.Flush]. When the handler of Flush is called, no
// write is outstanding any more, unless something has been appended since, or the Flush
// itself was cancelled or its allocator failed.
//
// Other writes to the same stream may come between two appended pieces or, where the stream
// takes only a part of a write, in the middle of a piece. A BufferedWriter must not be
// copied after its first use.
type BufferedWriter struct {
	w     Writer
	limit int
	from  allocator.Allocator[byte]
	keep  bool // the buffers, when they are empty

	mu       sync.Mutex
	pending  []byte // to be written next
	writing  []byte // belongs to the write
	busy     bool   // a write is outstanding
	err      error
	appended uint64 // bytes in all
	written  uint64
	flushes  opList // each until written reaches its argument
	rooms    opList // each until there is room for its argument

	block block
}

// NewBufferedWriter returns a writer to w in which at most limit bytes wait. Its two
// buffers grow as needed, together to about twice the limit. They come from the
// allocator buffers, and go back to it whenever nothing waits. If buffers is nil, they
// come from the Go heap and are kept.
func NewBufferedWriter(w Writer, limit int, buffers allocator.Allocator[byte]) *BufferedWriter {
	b := new(BufferedWriter)
	b.Reset(w, limit, buffers)
	return b
}

// Reset makes b a writer to w, as if it were new. It is for a writer that is a field
// of a session struct, and panics while a write is outstanding.
func (b *BufferedWriter) Reset(w Writer, limit int, buffers allocator.Allocator[byte]) {
	if w == nil || limit <= 0 {
		panic("ops: BufferedWriter: no Writer, or no limit")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy {
		panic("ops: BufferedWriter: Reset while a write is outstanding")
	}
	b.giveBack()
	b.w, b.limit, b.from, b.keep = w, limit, buffers, buffers == nil
	if b.keep {
		b.from = heapBytes
	}
	b.err, b.appended, b.written = nil, 0, 0
}

// Append copies p, to be written after everything that was appended before. It takes all
// of p or none of it. The error is [ErrQueueFull] if p does not fit at the moment. It wraps
// allocator.ErrTooLarge if p can never fit, and allocator.ErrExhausted if there is no
// memory. After a write has failed, it is the error of that write.
func (b *BufferedWriter) Append(p []byte) error {
	b.mustHaveWriter()
	start, err := b.append(p)
	if start {
		b.start()
	}
	return err
}

func (b *BufferedWriter) mustHaveWriter() {
	if b.w == nil {
		panic("ops: BufferedWriter: no Writer: see NewBufferedWriter and Reset")
	}
}

func (b *BufferedWriter) append(p []byte) (start bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		return false, b.err
	case len(p) > b.limit:
		return false, errNeverFits
	case len(p) > b.room():
		return false, ErrQueueFull
	case len(p) == 0:
		return false, nil
	}
	if b.pending, err = allocator.Append(b.from, b.pending, p...); err != nil {
		return false, exhausted(err)
	}
	b.appended += uint64(len(p))
	return b.next(), nil
}

func (b *BufferedWriter) room() int { return b.limit - len(b.pending) - len(b.writing) }

// Buffered returns how many bytes wait or are being written.
func (b *BufferedWriter) Buffered() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limit - b.room()
}

// Written returns how many of the bytes appended since b was made or Reset have been
// written. The bytes of a write are counted when it has ended, even if it failed.
func (b *BufferedWriter) Written() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.written
}

// next takes what is pending to be written, if nothing is being written, and reports
// whether the caller must call start.
func (b *BufferedWriter) next() (start bool) {
	if b.busy || len(b.pending) == 0 {
		return false
	}
	b.writing, b.pending = b.pending, b.writing[:0]
	b.busy = true
	return true
}

// start writes what next has taken. It is called once for each next that returned true.
func (b *BufferedWriter) start() { WriteFull(b.w, b.writing, (*bufferedWrite)(b)) }

// Flush calls h when everything that was appended before has been written, with 0 and
// nil, or with the error of the write that failed. The wait can be cancelled; a timeout
// of h has no effect.
func (b *BufferedWriter) Flush(h Handler) {
	b.mustHaveWriter()
	op := begin(h, nil, b.w)
	b.mu.Lock()
	op.Args[0] = b.appended
	b.wait(op, &b.flushes, b.written == b.appended, b.err)
}

// WhenRoom calls h with 0 and nil when there is room to append n bytes, though others
// may take the room first. If there never will be, h is called with the error that
// prevents it. Handlers are called in the order in which they began to wait. The wait can
// be cancelled; a timeout of h has no effect.
func (b *BufferedWriter) WhenRoom(n int, h Handler) {
	b.mustHaveWriter()
	n = max(n, 0)
	op := begin(h, nil, b.w)
	b.mu.Lock()
	op.Args = [2]uint64{uint64(n), forRoom}
	err := b.err
	if err == nil && n > b.limit {
		err = errNeverFits
	}
	b.wait(op, &b.rooms, b.rooms.head == nil && n <= b.room(), err)
}

// forRoom is the second argument of an operation that waits for room.
const forRoom = 1

// wait puts op into a list, or ends it if now is true. It releases the lock.
func (b *BufferedWriter) wait(op *Operation, list *opList, now bool, err error) {
	switch {
	case op.Err != nil:
		err = op.Err
	case err == nil && !now && !op.Arm(b):
		err = ErrCanceled
	case err == nil && !now:
		list.push(op)
		b.mu.Unlock()
		return
	}
	b.mu.Unlock()
	op.endLater(b.w, err)
}

// CancelOperation implements [Canceler].
func (b *BufferedWriter) CancelOperation(s *CancelSlot) {
	b.mu.Lock()
	op := s.Requested(b)
	if op == nil {
		b.mu.Unlock()
		return
	}
	var done opList
	if op.Args[1] != forRoom {
		b.flushes.remove(op)
	} else {
		b.rooms.remove(op)
		b.makeRoom(&done) // for those behind it, which may need less
	}
	op.Disarm()
	b.mu.Unlock()
	op.endLater(b.w, ErrCanceled)
	endList(done.head, func(op *Operation) { op.endLater(b.w, nil) })
}

// wrote takes the result of the write. It returns the operations that wait no longer,
// and whether there is another write to start.
func (b *BufferedWriter) wrote(n int, err error) (done opList, start bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
	b.written += uint64(n)
	b.writing = b.writing[:0]
	if err != nil {
		b.fail(err)
	} else {
		start = b.next()
	}
	for op := b.flushes.head; op != nil && (err != nil || op.Args[0] <= b.written); op = b.flushes.head {
		b.release(op, &b.flushes, &done)
	}
	b.makeRoom(&done)
	if !b.busy && !b.keep {
		b.giveBack()
	}
	return done, start
}

// makeRoom moves the operations that wait for room, and have it now, to done.
func (b *BufferedWriter) makeRoom(done *opList) {
	room := b.room()
	for op := b.rooms.head; op != nil && (!b.busy || int(op.Args[0]) <= room); op = b.rooms.head {
		room -= int(op.Args[0])
		b.release(op, &b.rooms, done)
	}
}

// fail drops what is pending: it would follow a piece that was not written.
func (b *BufferedWriter) fail(err error) {
	b.err = err
	b.pending = b.pending[:0]
}

func (b *BufferedWriter) release(op *Operation, from, to *opList) {
	from.remove(op)
	op.Disarm()
	op.N, op.Err = 0, b.err
	to.push(op)
}

// giveBack releases the buffers.
func (b *BufferedWriter) giveBack() {
	for _, buf := range [...]*[]byte{&b.pending, &b.writing} {
		if cap(*buf) > 0 {
			b.from.Deallocate(*buf)
		}
		*buf = nil
	}
}

// bufferedWrite is a BufferedWriter as the handler of its write.
type bufferedWrite BufferedWriter

func (f *bufferedWrite) Allocator() allocator.Allocator[Operation] { return &f.block }

func (f *bufferedWrite) Complete(n int, err error) {
	b := (*BufferedWriter)(f)
	done, start := b.wrote(n, err)
	if start {
		b.start()
	}
	endList(done.head, (*Operation).Complete)
}

// refuse replaces the operations that wait, so that their memory is released at once,
// when the proactor was closed before the write.
func (f *bufferedWrite) refuse(err error) {
	b := (*BufferedWriter)(f)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail(err)
	for _, list := range [...]*opList{&b.flushes, &b.rooms} {
		op := list.head
		*list = opList{}
		refuseList(op, err, list.push)
	}
	if !b.keep {
		b.giveBack()
	}
}

// Abandon is called when the proactor was closed: no handler that waits is called.
func (f *bufferedWrite) Abandon() {
	b := (*BufferedWriter)(f)
	done, _ := b.wrote(0, ErrCanceled)
	endList(done.head, (*Operation).Abandon)
}
