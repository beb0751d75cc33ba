package backend

import "sync"

// A Cond lets goroutines wait for one another, like sync.Cond. Its methods are called with
// its lock held.
type Cond interface {
	// Wait unlocks the lock, waits until Signal or Broadcast wakes the goroutine, and
	// locks the lock again before it returns.
	Wait()

	// Signal wakes one of the goroutines that wait, if there is one. It does not wait.
	Signal()

	// Broadcast wakes all goroutines that wait. It does not wait.
	Broadcast()
}

// A Conductor is a Backend that decides which goroutine goes on, as a simulation does. The
// goroutines that run the proactor then wait for one another by its conditions. Only the
// backend below all layers is asked whether it is one.
type Conductor interface {
	Backend

	// NewCond returns a condition with the lock l.
	NewCond(l sync.Locker) Cond
}
