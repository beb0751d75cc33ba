package ops

import (
	"errors"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops/internal/goroutine"
)

// A Co is a coroutine, as its function sees it: a chain that is written as straight
// code. See [Spawn].
//
// Its methods start an operation, and return when that has ended; meanwhile the
// goroutine that runs the executor does other things. They are for the coroutine's
// function, and panic if another goroutine calls them, or while an operation of the
// coroutine is outstanding.
//
// A Co is the handler of its operations. Whatever is associated with the handler that
// was passed to Spawn is thereby associated with them: its allocator, strand, cancel
// slot and, for each, its timeout.
type Co struct {
	owner[Co]
	ex    Executor
	next  func() (struct{}, bool) // switches to the coroutine
	yield func(struct{}) bool     // and back
	self  uintptr                 // its goroutine

	// The operation that is to be started, and then its results. Before the first, stream
	// is the function.
	start  func(*Co)
	stream any
	buf    []byte
	n      int
	err    error

	result     error // of the function
	prev, succ *Co   // of those that have begun

	turns     atomic.Int32 // see wake
	started   bool         // an operation, since it was last resumed
	threw     bool         // what was to start it has panicked, with stream
	panicked  bool
	abandoned bool // it is to unwind
	unwinding bool // it does
	kept      bool // once it has ended, see Coroutines
}

// Spawn runs f as a coroutine: later, by the goroutines that run ex, and in pieces,
// from one operation to the next. When f returns, h is called with 0 and its result.
//
// No scheduler is involved in a switch to a coroutine and back, which costs about as
// much as two or three posts. But while it waits a coroutine keeps a goroutine's stack, of
// 2 KiB at least, which a chain of handlers does not. What its methods do takes little of
// that: most have the goroutine that runs ex start the operation.
//
// The Co comes from the allocator of Co associated with h, or else from the Go heap;
// the stack comes from the Go runtime. At any time a coroutine that waits has its Co
// and one operation's block.
//
// A coroutine holds up the goroutine that runs it for as long as it computes, or
// blocks otherwise, like any handler. If f panics, so does the Run that has resumed
// it, and h is not called. If f calls runtime.Goexit, as testing.T.FailNow does, the
// goroutine of that Run ends with the coroutine's.
//
// If the executor is closed while f waits, the method that it waits in panics, so that
// deferred calls run, and so does each method that is called after that. f need not
// recover from it; if deferred calls panic otherwise, so does Close.
//
// The runtime lets a coroutine go on only on a thread that is locked as the one was
// that has begun it. So a goroutine that runs ex, or closes it, must not be locked to
// its thread unless it is the only one, and f must not wait while it has locked it.
func Spawn(ex Executor, h Handler, f func(co *Co) error) {
	mustExecutor(ex)
	mustHandler(h)
	if f == nil {
		panic("ops: Spawn: nil function")
	}
	a := AllocatorOf[Co](h, allocator.Heap[Co]{})
	co, err := obtain(a)
	if err != nil {
		ex.Execute(failed(h, associationsOf(h).flags, err))
		return
	}
	co.owner, co.ex, co.stream = owner[Co]{h, a}, ex, f
	Post(ex, co)
}

// Await calls start, which is to start one operation with the handler that it is
// called with, and returns the results of the operation. It is for the operations
// that Co has no method for:
//
//	_, err := co.Await(lines.ReadLine)
//	_, err = co.Await(func(h ops.Handler) { listener.Accept(conn, h) })
//
// The handler may also be kept, for another goroutine or handler to start the operation
// with: a program's own queues are made so. As long as nobody does, the coroutine waits,
// and that keeps no Run from returning. The handler must not be used once the coroutine
// has ended.
//
// If start panics when it has started an operation, no method of Co can be called
// before that has ended: deferred calls cannot wait then.
func (co *Co) Await(start func(h Handler)) (n int, err error) {
	co.mustRun()
	start(co)
	return co.wait()
}

// Read reads up to len(b) bytes from r; see [Read].
func (co *Co) Read(r Reader, b []byte) (n int, err error) { return co.do(startRead, r, b) }

func startRead(co *Co) {
	r, _ := co.stream.(Reader)
	Read(r, co.buf, co)
}

// ReadFull reads exactly len(b) bytes from r; see [ReadFull].
func (co *Co) ReadFull(r Reader, b []byte) (n int, err error) { return co.do(startReadFull, r, b) }

func startReadFull(co *Co) {
	r, _ := co.stream.(Reader)
	ReadFull(r, co.buf, co)
}

// ReadOnArrival waits until r has something to read, and returns up to size bytes of it in
// memory from the allocator of byte associated with the handler that was passed to
// [Spawn]. The coroutine gives it back; see [ReadOnArrival].
func (co *Co) ReadOnArrival(r WaitReader, size int) (b []byte, err error) {
	co.mustRun()
	co.start, co.stream, co.n = startReadOnArrival, r, size
	_, err = co.wait()
	b = co.buf
	co.stream, co.buf = nil, nil
	return b, err
}

func startReadOnArrival(co *Co) {
	r, _ := co.stream.(WaitReader)
	ReadOnArrival(r, co.n, &co.buf, co)
}

// Write writes all of b to w; see [WriteFull].
func (co *Co) Write(w Writer, b []byte) (n int, err error) { return co.do(startWrite, w, b) }

func startWrite(co *Co) {
	w, _ := co.stream.(Writer)
	WriteFull(w, co.buf, co)
}

// WriteVectored writes all of the buffers to w, in their order; see [WriteVectoredFull].
func (co *Co) WriteVectored(w VectorWriter, bufs [][]byte) (n int, err error) {
	co.mustRun()
	WriteVectoredFull(w, bufs, co)
	return co.wait()
}

// Wait starts a batch, calls start, which is to start one operation for each member, and
// returns what the batch has decided: the index of the member and its error, as its
// handler would be told. See [Batch.Start].
//
//	first, err := co.Wait(&batch, members[:], ops.UntilFirst, func() {
//		conn.Read(buf, &members[0])
//		timer.Wait(time.Second, &members[1])
//	})
func (co *Co) Wait(b *Batch, members []Member, until Until, start func()) (decided int, err error) {
	co.mustRun()
	b.Start(members, until, co)
	start()
	return co.wait()
}

// Yield lets others run that wait for the executor of the coroutine.
func (co *Co) Yield() error {
	_, err := co.do(startYield, nil, nil)
	return err
}

func startYield(co *Co) { Post(co.ex, co) }

// do has an operation started by the goroutine that runs the coroutine. That takes more of
// a stack than all else, and the coroutine's own can stay small.
func (co *Co) do(start func(*Co), stream any, b []byte) (n int, err error) {
	co.mustRun()
	co.start, co.stream, co.buf = start, stream, b
	n, err = co.wait()
	co.stream, co.buf = nil, nil
	return n, err
}

// wait switches back to the goroutine that runs the executor, until the operation
// has completed.
func (co *Co) wait() (n int, err error) {
	co.yield(struct{}{})
	switch {
	case co.unwinding:
		panic(errUnwound)
	case co.threw:
		value := co.stream
		co.threw, co.stream, co.buf = false, nil, nil
		panic(value)
	}
	return co.n, co.err
}

// errUnwound is what a coroutine panics with when its executor was closed.
var errUnwound = errors.New("ops: the executor of the coroutine was closed")

// mustRun panics unless the coroutine itself calls it, and has nothing outstanding, and
// if it is to end.
func (co *Co) mustRun() {
	switch {
	case goroutine.Self() != co.self || co.next == nil:
		panic("ops: a method of a Co is called outside its coroutine")
	case co.unwinding:
		panic(errUnwound)
	case co.started:
		panic(errBusy)
	}
}

var errBusy = errors.New("ops: a coroutine starts an operation while one of its own is outstanding")

// noteStart notes that an operation begins whose handler is h, the layers of which end
// at a coroutine. It counts if that coroutine itself starts it.
func noteStart(h Handler) {
	for outer := h; h != nil; h = unwrap(h) {
		co, ok := h.(*Co)
		if !ok || co.self == 0 || co.self != goroutine.Self() {
			continue
		}
		if co.started && h == outer {
			panic(errBusy) // both would resume it
		}
		co.started = true
		return
	}
}
