package platform

import "sync/atomic"

// flushing decides when the operations that handlers have started go to the kernel, if
// the backend collects requests. One call for many costs least, so that happens when all
// handlers that were ready have been called; but nothing should wait much longer than
// flushTime for handlers to return.
//
// How long a handler takes is not known beforehand. So the mean is learnt: if handlers
// are quick, there is a flush after every few of them; if they take long, or nothing is
// known yet, there is one with each operation that is started, before the handler goes
// on. A slow handler among many quick ones can still hold back what it has started
// itself.
type flushing struct {
	flush func() // hands the kernel what the backend keeps for it, or nil

	// eager: flush with each operation.
	eager atomic.Bool

	// outside: nobody is in Run of a proactor with a single runner. What is started then is
	// handed over by the thread that will run it, because with a single runner the kernel
	// finishes a request on the thread that has handed it over.
	outside bool

	mean  int64 // nanoseconds a handler takes
	fixed bool  // the mean is not learnt, see force
	every int   // flush after this number of handlers, unless eager
	next  int   // the count of handlers after which to flush, if positive
}

// flushTime is how long, in nanoseconds, the first of what handlers have started may
// wait for the handlers after it.
const flushTime = 50_000

// unknownMean is the mean before any handler has been called, and the most that a handler
// counts for: the proactor may not have been run for a while.
const unknownMean = 64 * flushTime

func (f *flushing) init(flush func(), single bool) {
	f.outside = single
	if f.flush = flush; flush != nil {
		f.learn(unknownMean)
	}
}

// measured is called by the leader when n handlers took a time since the last poll.
func (f *flushing) measured(n int, took int64) {
	f.learn(f.mean + (min(took/int64(n), unknownMean)-f.mean)/4)
}

func (f *flushing) learn(mean int64) {
	if !f.fixed {
		f.set(mean)
	}
	f.next = f.every
}

func (f *flushing) set(mean int64) {
	f.mean = mean
	f.every = int(max(1, flushTime/max(1, mean)))
	if eager := f.every == 1; eager != f.eager.Load() {
		f.eager.Store(eager)
	}
}

// due reports whether it is time to flush after the n-th handler that is counted.
func (f *flushing) due(n int) bool {
	if n < f.next || f.flush == nil || f.every == 1 {
		return false
	}
	f.next = n + f.every
	return true
}

// forget is called when the n handlers that were counted are counted no longer.
func (f *flushing) forget(n int) { f.next -= n }

// started is called when an operation for the kernel was started.
func (f *flushing) started() {
	if f.eager.Load() && !f.outside {
		f.flush()
	}
}
