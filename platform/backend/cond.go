package backend

import "sync"

// A Cond lets goroutines wait for one another, like sync.Cond.
type Cond interface {
	Wait()
	Signal()
	Broadcast()
}

// A Conductor is a Backend that decides which goroutine goes on, as a simulation does. The
// goroutines that run the proactor then wait for one another by its conditions. Only the
// backend below all layers is asked whether it is one.
type Conductor interface {
	Backend

	// NewCond returns a condition with the lock l. Its methods are called with l held, and
	// must do what those of sync.Cond do.
	NewCond(l sync.Locker) Cond
}
