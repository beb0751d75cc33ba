package backend

import "os"

// A Signaler is a Backend that provides signals, in place of those of the operating
// system. Only the backend below all layers is asked whether it is one.
type Signaler interface {
	Backend

	// Notify makes the backend call raise with each of the signals that arrives, until
	// stop is called; a call that comes a moment later does no harm. A goroutine that
	// calls raise must not hold a lock that the methods of the backend take.
	Notify(signals []os.Signal, raise func(os.Signal)) (stop func())
}
