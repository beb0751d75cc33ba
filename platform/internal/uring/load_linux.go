package uring

import "sync/atomic"

// A ReceiveMode is how a stream is read from.
//
// One request that receives again and again is cheaper while many streams have something
// at a time. But the kernel finishes a request on the thread that has made it, and this
// one stays with that thread for good. Once the program runs on another thread, every
// message wakes two, interrupts whatever system call the first is in, and is late if the
// first computes. A request for one read is made by the thread that is about to wait.
type ReceiveMode int32

const (
	Adaptive  ReceiveMode = iota // by the load
	OneShot                      // a request for each read
	Multishot                    // a request that receives again and again
	Unlimited                    // that, as with a kernel which does not limit it
)

// Receive is the ReceiveMode of the rings that are opened from now on. Tests change it.
var Receive atomic.Int32

// A load is how much there is to do at a time.
type load struct {
	mode    ReceiveMode
	average int  // completions that a look brings, if it brings any, in 256ths
	many    bool // they are many
}

const (
	unit = 256

	// A load becomes high at the one average, and low again at the other. They are apart so
	// that streams do not change their mode all the time when the load is near one of them.
	highLoad = 8 * unit
	lowLoad  = 4 * unit

	// More counts as this: a single look that brings very much is soon forgotten.
	maxLoad = 2 * highLoad
)

// add takes in a look that has brought n completions.
func (l *load) add(n int) {
	l.average += (min(n*unit, maxLoad) - l.average) / 16
	switch {
	case l.average >= highLoad:
		l.many = true
	case l.average < lowLoad:
		l.many = false
	}
}

// oneShot reports whether a stream is to be asked for one read at a time.
func (l *load) oneShot() bool { return l.mode == OneShot || l.mode == Adaptive && !l.many }
