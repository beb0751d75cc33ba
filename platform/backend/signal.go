package backend

import "os"

// A Signaler is a Backend that signals come from, in place of those of the operating
// system. It is asked of the backend below all layers.
type Signaler interface {
	Backend

	// Notify has raise called with each of the signals that arrives, until stop is
	// called, after which it is not called any more. Neither holds a lock that a
	// proactor's call of the backend takes.
	Notify(signals []os.Signal, raise func(os.Signal)) (stop func())
}
