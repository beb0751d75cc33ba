package ops

import "github.com/heirloom-go/heirloom/allocator"

// A Frame is the memory of a composed operation that a program defines: a state
// that lives through several operations and ends with one result. See
// [Compose].
//
// A frame is the handler of the operations that make up the composed one.
// Whatever is associated with the final handler is thereby associated with
// them: its allocator, strand, cancel slot and, for each, its timeout.
type Frame[S any] struct {
	// State is the program's own.
	State S

	owner[Frame[S]]
	step  func(f *Frame[S], n int, err error)
	begun bool
}

// Compose starts a composed operation: several operations with a common state, one at
// a time, after which h is called once.
//
// The frame that holds the state comes from the allocator of Frame[S]
// associated with h, or else from the Go heap. The function step is first called
// later, from a goroutine that runs ex, with 0 and nil. Each further call gets the
// results of the operation that the previous step started with the frame as its
// handler. Each call must start one operation, or end the composed one with
// [Frame.Return].
//
// At any time the composed operation has its frame and the block of one
// operation. Make step a plain function, because a closure allocates, and keep
// what it needs in the state.
func Compose[S any](ex Executor, h Handler, state S, step func(f *Frame[S], n int, err error)) {
	mustExecutor(ex)
	mustHandler(h)
	if step == nil {
		panic("ops: Compose: nil step")
	}
	a := AllocatorOf[Frame[S]](h, allocator.Heap[Frame[S]]{})
	f, err := obtain(a)
	if err != nil {
		ex.Execute(failed(h, associationsOf(h).flags, err))
		return
	}
	f.State, f.owner, f.step = state, owner[Frame[S]]{h, a}, step
	Post(ex, f)
}

// Complete takes the next step. It is called by the operation that the last
// step started.
func (f *Frame[S]) Complete(n int, err error) {
	if !f.begun {
		f.begun = true
		if err != nil { // there was no memory for an operation
			f.Return(0, err)
			return
		}
	}
	f.step(f, n, err)
}

// Return ends the composed operation: it releases the frame, which must not be
// used any more, and calls the handler.
func (f *Frame[S]) Return(n int, err error) {
	f.release(f).Complete(n, err)
}

// Unwrap returns the final handler.
func (f *Frame[S]) Unwrap() Handler { return f.handler }

// Abandon releases the frame. It is called in place of Complete when the
// proactor was closed.
func (f *Frame[S]) Abandon() { f.release(f) }

// refused returns the handler to call because the executor is closed: the final
// one, if the composed operation had not begun, and then without the frame.
func (f *Frame[S]) refused() Handler {
	if f.begun {
		return f
	}
	return f.release(f)
}
