package sim

import (
	"context"
	"errors"
	"sync"

	"github.com/heirloom-go/heirloom/platform"
)

// Run runs several proactors of the world together, each on its own goroutine. It returns
// when all of them have returned from their Run, with their errors joined. A proactor that
// is given several times is run by that many goroutines. They take turns, as in
// [World.Turns]: whenever one polls, or waits for another that runs the same proactor, the
// Chooser decides which goes on. So the whole run depends on nothing but the Chooser, as
// with [Alone] for one proactor and one goroutine. Handlers that may run at the same time
// should call [World.Yield], and need the same locks as elsewhere.
//
// Time passes only when all of them wait. If nothing can happen any more, Run panics with a
// [*Deadlock]. If one of them panics, Run panics with the same value; the others are
// stopped then, and can be run again. Run also panics if a proactor is closed or of another
// world.
//
// Nobody else may run the proactors meanwhile, and other goroutines should not use them.
func (w *World) Run(proactors ...*platform.Proactor) error {
	r := running{active: make([]bool, len(proactors)), proactors: proactors}
	errs := make([]error, len(proactors))
	functions := make([]func(), len(proactors))
	for i, p := range proactors {
		w.mustHave(p)
		functions[i] = func() {
			if !r.enter(i) {
				return
			}
			returned := false
			defer func() { r.leave(i, returned) }()
			errs[i] = p.Run(context.Background())
			returned = true
		}
	}
	w.Turns(functions...)
	return errors.Join(errs...)
}

func (w *World) mustHave(p *platform.Proactor) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.backends {
		if b.host == p.Host() {
			return
		}
	}
	panic("sim: Run: a Proactor that is closed or of another world")
}

// running says which of the proactors of a World.Run are run.
type running struct {
	mu        sync.Mutex
	proactors []*platform.Proactor
	active    []bool
	stopped   bool
}

// enter reports whether a goroutine should run its proactor.
func (r *running) enter(i int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[i] = !r.stopped
	return r.active[i]
}

// leave stops the others if a goroutine has not returned from its Run, but has panicked.
func (r *running) leave(i int, returned bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[i] = false
	if returned {
		return
	}
	r.stopped = true
	for other, active := range r.active {
		if active {
			r.proactors[other].Stop()
		}
	}
}
