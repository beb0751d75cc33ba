package sim

import "time"

// Weather says how often the unusual happens. A rate of r means that something
// happens on one of r occasions: never if r is 0, always if r is 1. The [Chooser]
// decides which occasions these are; it is not asked about what never or always
// happens. For a search through all answers use only the rates 0, 1 and 2, so that
// there are no more choices than those that matter.
//
// In the zero Weather an operation starts, waits until it is possible, and is
// completed by the next poll, in full, in the order in which operations became
// possible. A cancelled operation is let go at once. No error occurs that the
// program has not caused.
type Weather struct {
	// AtOnce: an operation that is possible ends inside the call that starts it.
	// One that sends a file never does.
	AtOnce int

	// Delay: an operation that has become possible takes some more time, up to
	// MaxDelay, in multiples of an eighth of it. A MaxDelay of 0 means one
	// millisecond.
	Delay    int
	MaxDelay time.Duration

	// Overtake: the operation that is done next is any of those that are possible,
	// instead of the first.
	Overtake int

	// Interleave: a poll does one thing, and the [Chooser] decides which of all
	// that can happen: any operation that is possible, or that time passes. So
	// every order in which things can happen is a sequence of answers, and
	// different sequences are different orders. A Chooser that is a [Scheduler] can
	// leave out orders that are equivalent. Delay, Overtake, Few, Spurious and Lag,
	// which change the order in other ways, are ignored. Interleave needs [Alone],
	// and a world outside a bubble.
	Interleave bool

	// Few: a poll does only some of what it could.
	Few int

	// Spurious: a poll returns early with nothing although there is something, at
	// most three times in a row. To a proactor this looks like a storm of EAGAIN.
	Spurious int

	// Lag: what the kernel has done is reported only by a later poll, one to four
	// polls later. A cancellation then comes too late.
	Lag int

	// SlowCancel: a cancelled operation is not let go at once. It ends later: with
	// ops.ErrCanceled or, if the Chooser says so, with a result that has become
	// possible.
	SlowCancel int

	// Stale: the completion of an operation comes a second time, a little later,
	// when its slot may have the next operation; or a completion comes although the
	// operation was cancelled and let go. The backend must ignore it.
	Stale int

	// Scribble: the buffer of a read is overwritten with garbage while the
	// operation is outstanding, as the kernel may do. So whoever uses the buffer
	// too early notices.
	Scribble int

	// Partial: a read, a write on a stream, or a batch of packets transfers
	// less than it could. (A write to a file transfers less than everything
	// only with an error: see NoSpace.)
	Partial int

	// Capacity is how many bytes that were written and not yet read one direction
	// of a stream can hold. A write waits while it is full. A Capacity of 0 means
	// 64 KiB.
	Capacity int

	// Reset: a read or write finds that the network has reset the connection
	// (ECONNRESET). What was on the way is lost.
	Reset int

	// NoBuffers: a write, a connect or a sent packet fails (ENOBUFS).
	NoBuffers int

	// NoDescriptors: an accept fails (EMFILE). The connection stays in the
	// listener's queue.
	NoDescriptors int

	// NoSpace: a write to a file fails (ENOSPC) after it has written nothing, half
	// of it, or all but one byte. The part is in the file, and its length is reported
	// with the error. The next write may find room again. A write of nothing does not
	// fail.
	NoSpace int

	// FalseAlarm: a TryRead finds nothing although there is something, or a
	// TryWrite finds no room although there is room.
	FalseAlarm int

	// Refuse: a connect fails although somebody listens (ECONNREFUSED).
	Refuse int

	// Loss, Duplicate, Disorder: a packet is lost, arrives twice, or arrives
	// before others that were sent earlier and have not been read.
	Loss      int
	Duplicate int
	Disorder  int
}

// Stormy returns a Weather in which everything unusual happens: often enough to be
// met in a run of a few hundred operations, and seldom enough for most of them to
// succeed.
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
		NoSpace:       8,
		FalseAlarm:    4,
		Refuse:        16,
		Loss:          8,
		Duplicate:     8,
		Disorder:      4,
	}
}

// delaySteps is the number of steps that MaxDelay is divided into.
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
