package sim

import "time"

// Weather says how often the unusual happens. Each rate is a number of
// occasions of which it happens in one: never if it is 0, always if it is 1. Of what may or may not
// happen the [Chooser] decides; what never or always happens it is not asked
// about. A search through all answers has only the choices that matter if the
// rates are 0, 1 and 2.
//
// In the zero Weather an operation starts, waits until it is possible, and is
// completed by the next poll, in full, in the order in which operations became
// possible; a cancelled operation is let go at once; and no error occurs that
// the program has not caused.
type Weather struct {
	// AtOnce: an operation that is possible ends inside the call that starts
	// it.
	AtOnce int

	// Delay: an operation that has become possible takes some more time, up
	// to MaxDelay, in eight steps. A MaxDelay of 0 is one millisecond.
	Delay    int
	MaxDelay time.Duration

	// Overtake: the next operation to be done is any of those that are
	// possible instead of the first of them.
	Overtake int

	// Interleave: a poll does one thing, and the [Chooser] decides which of all
	// that can happen: any operation that is possible, or that time passes. So
	// every order in which things can happen is a sequence of answers, and no two
	// sequences are the same order. A Chooser that is a [Scheduler] can leave out
	// orders that come to the same. Delay, Overtake, Few, Spurious and Lag, which
	// change the order in other ways, are of no use then and not looked at.
	// Interleave needs [Alone], and no bubble.
	Interleave bool

	// Few: a poll does only some of what it could.
	Few int

	// Spurious: a poll returns with nothing, early, although there is
	// something; never more than three in a row. It is what a storm of EAGAIN
	// looks like to a proactor.
	Spurious int

	// Lag: what the kernel has done is reported by a later poll only, one to
	// four later. A cancellation then comes too late.
	Lag int

	// SlowCancel: a cancelled operation is not let go at once. It ends later,
	// with ops.ErrCanceled or, as the Chooser says, with a result that became
	// possible.
	SlowCancel int

	// Stale: the completion of an operation comes a second time, a little
	// later, when its slot may have the next operation; or comes although the
	// operation was cancelled and let go. The backend must let it miss.
	Stale int

	// Scribble: the buffer of a read is overwritten with garbage while the
	// operation is outstanding, which is the kernel's right, so that whoever
	// uses it too early notices.
	Scribble int

	// Partial: a read, or a write on a stream, transfers less than it could. (A
	// write to a file is less than everything only with an error.)
	Partial int

	// Capacity is how many bytes a direction of a stream holds that were
	// written and not yet read. A write waits while it is full. A Capacity of
	// 0 is 64 KiB.
	Capacity int

	// Reset: a read or write finds that the network has reset the connection
	// (ECONNRESET). What was on the way is lost.
	Reset int

	// NoBuffers: a write, a connect or a sent packet fails (ENOBUFS).
	NoBuffers int

	// NoDescriptors: an accept fails (EMFILE). The connection stays in the
	// listener's queue.
	NoDescriptors int

	// FalseAlarm: a TryRead finds nothing, although there is something, or a TryWrite no
	// room.
	FalseAlarm int

	// Refuse: a connect fails although somebody listens (ECONNREFUSED).
	Refuse int

	// Loss, Duplicate, Disorder: a packet is lost, arrives twice, or arrives
	// before others that were sent earlier and have not been read.
	Loss      int
	Duplicate int
	Disorder  int
}

// Stormy returns a Weather in which everything unusual happens, each often
// enough to be met in a run of some hundred operations and seldom enough for
// most of them to succeed.
func Stormy() Weather {
	return Weather{
		AtOnce:        3,
		Delay:         4,
		Overtake:      2,
		Few:           4,
		Spurious:      8,
		Lag:           6,
		SlowCancel:    2,
		Stale:         8,
		Scribble:      4,
		Partial:       3,
		Capacity:      512,
		Reset:         256,
		NoBuffers:     128,
		NoDescriptors: 8,
		FalseAlarm:    4,
		Refuse:        16,
		Loss:          8,
		Duplicate:     8,
		Disorder:      4,
	}
}

// In how many steps MaxDelay is divided.
const delaySteps = 8

// delay returns how much longer an operation takes, in nanoseconds.
func (w *World) delay() int64 {
	if !w.happens(w.weather.Delay, "delay") {
		return 0
	}
	return int64(w.choose(delaySteps, "how long")+1) * int64(w.weather.MaxDelay) / delaySteps
}

// part returns how many of n bytes a stream transfers.
func (w *World) part(n int) int {
	if n > 1 && w.happens(w.weather.Partial, "partial transfer") {
		return n - 1 - w.choose(n-1, "how much less")
	}
	return n
}
