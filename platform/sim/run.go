package sim

import (
	"context"
	"errors"
	"iter"

	"github.com/heirloom-go/heirloom/platform"
)

// Run runs several proactors of the world together, as if each had a goroutine
// of its own, and returns when all their Run have, with what they returned.
// They take turns: whenever one polls, the Chooser says which goes on. So the
// whole run depends on nothing but the Chooser, as with [Alone] for one
// proactor. Time passes only when all of them wait. If nothing can happen any
// more Run panics with a [*Deadlock], and if one of them panics, with that;
// the others are stopped then, and can be run again.
//
// Nobody else may run the proactors meanwhile, and other goroutines should
// leave them alone.
func (w *World) Run(proactors ...*platform.Proactor) error {
	all := make([]*runner, len(proactors))
	for i, p := range proactors {
		all[i] = w.newRunner(p)
	}
	defer func() {
		for _, r := range all {
			r.stop()
		}
	}()
	for r := w.next(all); r != nil; r = w.next(all) {
		r.resume()
	}
	var errs []error
	for _, r := range all {
		errs = append(errs, r.err)
	}
	return errors.Join(errs...)
}

// A runner is a proactor's turn in World.Run: a coroutine that stands in a
// poll while others go on.
type runner struct {
	p    *platform.Proactor
	b    *kernel
	next func() (struct{}, bool)
	err  error
	done bool
}

func (w *World) newRunner(p *platform.Proactor) *runner {
	r := &runner{p: p, b: w.kernelOf(p)}
	r.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		r.b.yield = func() { yield(struct{}{}) }
		defer func() { r.b.yield = nil }()
		r.err = p.Run(context.Background())
	})
	return r
}

func (w *World) kernelOf(p *platform.Proactor) *kernel {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.backends {
		if b.host == p.Host() {
			return b
		}
	}
	panic("sim: Run: a Proactor that is closed or of another world")
}

// resume lets the proactor go on until it polls again.
func (r *runner) resume() {
	r.done = true // also if it panics
	_, more := r.next()
	r.done = !more
}

// stop makes the proactor's Run return.
func (r *runner) stop() {
	if r.done {
		return
	}
	r.p.Stop()
	for !r.done {
		r.resume()
	}
}

// next chooses who goes on, or returns nil if nobody is left.
func (w *World) next(all []*runner) *runner {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		var able []*runner
		first, left := int64(never), false
		for _, r := range all {
			if r.done {
				continue
			}
			left = true
			if r.b.able() {
				able = append(able, r)
			}
			first = min(first, r.b.next())
		}
		switch {
		case len(able) > 0:
			return able[w.choose(len(able), "which proactor goes on")]
		case !left:
			return nil
		case first == never:
			panic(w.deadlocked())
		}
		w.sleep(first)
	}
}

// able reports whether a proactor that has given way has a reason to go on.
func (b *kernel) able() bool {
	return !b.waiting || b.woken || b.next() <= b.w.clock() || b.ready.len() > 0 || len(b.completions) > 0
}

// next returns when a proactor that has given way goes on at the latest. What
// others have done meanwhile may be due before what it waits for itself.
func (b *kernel) next() int64 { return min(b.until, b.delayed.next()) }

// giveWay lets another proactor go on, in World.Run, until the given time or
// until there is something to do. The caller holds the lock, which is not held
// meanwhile.
func (b *kernel) giveWay(until int64) {
	if b.yield == nil {
		return
	}
	b.until, b.waiting = until, true
	b.w.mu.Unlock()
	b.yield()
	b.w.mu.Lock()
	b.waiting = false
}
