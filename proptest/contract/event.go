package contract

import "time"

// An event is something that a Ledger saw. It is a plain value, so that it can
// be recorded without a trace in the race detector; see record.go.
type event struct {
	kind      eventKind
	seq       int
	at        time.Duration // since the ledger was made
	goroutine uint64

	chain     int   // from 1
	operation int64 // from 1; unique in the ledger
	layer     int   // of the handler, for eventAbandoned

	allocator int     // from 1
	block     uintptr // where a block starts
	size      uintptr // its capacity in bytes

	n         int
	err       error
	exhausted bool // err wraps allocator.ErrExhausted

	what   string // the operation started, or the text of a note
	expect Expectation
}

type eventKind uint8

const (
	eventNote eventKind = iota

	eventCall     // a goroutine begins to call the library
	eventReturned // and has returned from it

	eventStart   // a function that starts an operation is called
	eventPart    // a function that starts a part of an operation is called
	eventStarted // and has returned

	eventAllocate  // Allocate is called
	eventAllocated // and has returned a block
	eventRefused   // or has failed

	eventRelease  // Deallocate is called
	eventReleased // and has returned

	eventKernel     // the backend has got an operation
	eventKernelDone // and has let go of it
	eventIntruded   // it has completed an operation that it does not have

	eventHandler         // a handler is entered
	eventHandlerReturned // and has returned or panicked

	eventAbandoned // a layer of a handler is told that it was abandoned

	eventClose  // the proactor is being closed
	eventClosed // and everything was abandoned

	eventWritten   // a block was written to after it was released
	eventCollected // a block that is handed out was garbage to the Go runtime

	eventFailed // an operation had another result than it must have
)
