package ops

import (
	"errors"
	"iter"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops/internal/goroutine"
)

// A Co is a coroutine, as its function sees it: a chain that is written as straight
// code. See [Spawn].
//
// Its methods start an operation, and return when that has ended; meanwhile the
// goroutine that runs the proactor does other things. They are called by the
// coroutine's function, and panic if another goroutine calls them.
//
// A Co is the handler of its operations. Whatever is associated with the handler that
// was passed to Spawn is thereby associated with them: its allocator, strand, cancel
// slot and, for each, its timeout.
type Co struct {
	owner[Co]
	ex    Executor
	f     func(*Co) error
	next  func() (struct{}, bool) // switches to the coroutine
	yield func(struct{}) bool     // and back
	self  uintptr                 // its goroutine

	n   int // the results of the operation that has completed
	err error

	arrived []byte // of ReadOnArrival

	result    error
	begun     bool
	unwinding bool
	state     atomic.Uint32
}

// What a coroutine does. With several runners its operation may complete before it has
// switched back to the goroutine that runs it.
const (
	coRuns      = iota // and its operation, if it has started one, is outstanding
	coWaits            // for its operation
	coCompleted        // the operation has
)

// Spawn runs f as a coroutine: later, by the goroutines that run ex, and in pieces,
// from one operation to the next. When f returns, h is called with 0 and its result.
//
// Switching to a coroutine and back costs about as much as two calls of a function
// through an interface would if they missed the cache; no scheduler is involved. But
// while it waits a coroutine keeps a stack, of 2 KiB at least, which a chain of
// handlers does not.
//
// The Co comes from the allocator of Co associated with h, or else from the Go heap;
// the stack comes from the Go runtime. At any time a coroutine that waits has its Co
// and one operation's block.
//
// A coroutine holds up the goroutine that runs it for as long as it computes, or
// blocks otherwise, like any handler. If f panics, so does the Run that it is called
// from, and h is not called. If the proactor is closed while f waits, the method that
// it waits in panics, so that deferred calls run, and so does each method that is
// called after that; f need not recover from it.
//
// A goroutine that runs ex must not be locked to its thread unless it is the only one.
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
	co.owner, co.ex, co.f = owner[Co]{h, a}, ex, f
	co.state.Store(coWaits)
	Post(ex, co)
}

// Await calls start, which is to start one operation with the handler that it is
// called with, and returns the results of the operation. It is for the operations
// that Co has no method for:
//
//	_, err := co.Await(func(h ops.Handler) { listener.Accept(conn, h) })
//
// A start that starts nothing leaves the coroutine waiting for ever.
func (co *Co) Await(start func(h Handler)) (n int, err error) {
	co.mustRun()
	start(co)
	return co.wait()
}

// Read reads up to len(b) bytes from r; see [Read].
func (co *Co) Read(r Reader, b []byte) (n int, err error) {
	co.mustRun()
	Read(r, b, co)
	return co.wait()
}

// ReadFull reads exactly len(b) bytes from r; see [ReadFull].
func (co *Co) ReadFull(r Reader, b []byte) (n int, err error) {
	co.mustRun()
	ReadFull(r, b, co)
	return co.wait()
}

// ReadOnArrival waits until r has something to read, and returns up to size bytes of it in
// memory from the allocator of byte associated with the handler that was passed to
// [Spawn]. The coroutine gives it back; see [ReadOnArrival].
func (co *Co) ReadOnArrival(r WaitReader, size int) (b []byte, err error) {
	co.mustRun()
	ReadOnArrival(r, size, &co.arrived, co)
	_, err = co.wait()
	b, co.arrived = co.arrived, nil
	return b, err
}

// Write writes all of b to w; see [WriteFull].
func (co *Co) Write(w Writer, b []byte) (n int, err error) {
	co.mustRun()
	WriteFull(w, b, co)
	return co.wait()
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
	co.mustRun()
	Post(co.ex, co)
	_, err := co.wait()
	return err
}

// wait switches back to the goroutine that runs the proactor, until the operation
// has completed.
func (co *Co) wait() (n int, err error) {
	co.yield(struct{}{})
	if co.unwinding {
		panic(errUnwound)
	}
	return co.n, co.err
}

// errUnwound is what a coroutine panics with when its proactor was closed.
var errUnwound = errors.New("ops: the proactor of the coroutine was closed")

// mustRun panics unless the coroutine itself calls it, and if it is to end.
func (co *Co) mustRun() {
	switch {
	case co.unwinding:
		panic(errUnwound)
	case goroutine.Self() != co.self || !co.begun:
		panic("ops: a method of a Co is called outside its coroutine")
	}
}

// Complete goes on with the coroutine. It is called by the operation that the
// coroutine has started.
func (co *Co) Complete(n int, err error) {
	if !co.begun {
		if err != nil { // there was no memory for an operation
			co.release(co).Complete(0, err)
			return
		}
		co.begin()
	}
	co.n, co.err = n, err
	switch co.state.Swap(coCompleted) {
	case coWaits:
		co.resume()
	case coCompleted:
		panic("ops: a coroutine has two operations outstanding")
	}
}

// begin makes the coroutine, which resume then switches to for the first time.
func (co *Co) begin() {
	co.begun = true
	co.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if co.unwinding {
				if r := recover(); r != nil && r != errUnwound {
					panic(r)
				}
			}
		}()
		co.yield, co.self = yield, goroutine.Self()
		co.result = co.f(co)
	})
}

// resume runs the coroutine until it waits, or has ended.
func (co *Co) resume() {
	for {
		co.state.Store(coRuns)
		if co.ended() {
			result := co.result
			co.release(co).Complete(0, result)
			return
		}
		if co.state.CompareAndSwap(coRuns, coWaits) {
			return // and from now on another goroutine may have resumed it
		}
	}
}

// ended switches to the coroutine and reports whether it has ended. If that is by a
// panic, the Co is released.
func (co *Co) ended() bool {
	returned := false
	defer func() {
		if !returned {
			co.release(co)
		}
	}()
	_, more := co.next()
	returned = true
	return !more
}

// Unwrap returns the handler that was passed to Spawn.
func (co *Co) Unwrap() Handler { return co.handler }

// Abandon ends the coroutine. It is called in place of Complete when the proactor
// was closed.
func (co *Co) Abandon() {
	if co.begun {
		co.unwinding = true
		for !co.ended() {
		}
	}
	co.release(co)
}

// refused returns the handler to tell that the executor is closed.
func (co *Co) refused() Handler {
	if co.begun {
		return co
	}
	return co.release(co)
}
