package ops

import (
	"errors"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops/internal/goroutine"
)

// A Co is a coroutine, as seen by its function. Its methods seem to block. See [Spawn].
//
// A method starts an operation and returns when that has ended. Meanwhile the goroutine
// that runs the executor does other things. Only the coroutine's function may call
// the methods. They panic if another goroutine calls them, or while an operation of
// the coroutine is outstanding.
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

	// The operation to be started, and then its results. Before the first one, stream is
	// the function.
	start  func(*Co)
	stream any
	buf    []byte
	n      int
	err    error

	result     error // of the function
	prev, succ *Co   // among the coroutines that have begun

	turns     atomic.Int32 // see wake
	started   bool         // an operation, since it was last resumed
	threw     bool         // starting it has panicked, with stream
	panicked  bool
	abandoned bool // it must unwind
	unwinding bool // it is unwinding
	kept      bool // once it has ended, see Coroutines
}

// Spawn runs f as a coroutine: later, on the goroutines that run ex, and in pieces that
// end where it waits for an operation. When f returns, h is called with 0 and the result
// of f.
//
// A switch to a coroutine and back does not involve the scheduler. It costs about as much
// as two or three posts (BenchmarkYield). But while it waits, a coroutine keeps the stack
// of a goroutine, at least 2 KiB, which a chain of handlers does not. The methods of Co
// need little stack, because most let the goroutine that runs ex start the operation.
//
// The Co comes from the allocator of Co associated with h, or else from the Go heap. The
// stack comes from the Go runtime. A coroutine that waits has its Co and the block of one
// operation.
//
// Like any handler, a coroutine holds up the goroutine that runs it while it computes, or
// blocks in some other way. If f panics, so does the Run that resumed it, and h is not
// called. If f calls runtime.Goexit, as testing.T.FailNow does, the goroutine of that Run
// ends too.
//
// If the executor is closed while f waits, the method in which it waits panics, so that
// deferred calls run. Every method that is called after that panics too. f need not recover
// from this. If a deferred call panics for another reason, so does Close.
//
// The Go runtime resumes a coroutine only on a thread that is locked in the same way as
// the one it began on. So a goroutine that runs or closes ex must not be locked to its
// thread (runtime.LockOSThread), unless it is the only one that runs or closes ex. And f
// must not wait while it has locked its thread.
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

// Await calls start, which must start one operation with the handler that it gets, and
// returns the results of the operation. Use it for operations that Co has no method for:
//
//	_, err := co.Await(lines.ReadLine)
//	_, err = co.Await(func(h ops.Handler) { listener.Accept(conn, h) })
//
// The function start may also keep the handler, so that another goroutine or handler
// starts the operation later. This is how a program makes queues of its own. Until then
// the coroutine waits, but that does not keep Run from returning. The handler must not be
// used once the coroutine has ended.
//
// If start panics after it has started an operation, no method of Co may be called
// before that operation has ended. So deferred calls cannot wait in that case.
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
// [Spawn]. The coroutine must release it; see [ReadOnArrival].
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

// WriteVectored writes all of the buffers to w, in order; see [WriteVectoredFull].
func (co *Co) WriteVectored(w VectorWriter, bufs [][]byte) (n int, err error) {
	co.mustRun()
	WriteVectoredFull(w, bufs, co)
	return co.wait()
}

// Wait starts a batch, calls start, which must start one operation for each member, and
// waits for the batch. It returns the results of the batch: the index of the member that
// decided, and its error. See [Batch.Start].
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

// Yield lets other handlers that wait for the coroutine's executor run.
func (co *Co) Yield() error {
	_, err := co.do(startYield, nil, nil)
	return err
}

func startYield(co *Co) { Post(co.ex, co) }

// do makes the goroutine that runs the coroutine start an operation. Starting it needs
// more stack than anything else, and so the coroutine's own can stay small.
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

// mustRun panics unless the coroutine itself calls it with nothing outstanding, and also
// if the coroutine must end.
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

// noteStart notes that an operation begins whose handler h is, below its layers, a
// coroutine. It counts if that coroutine itself starts the operation.
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
