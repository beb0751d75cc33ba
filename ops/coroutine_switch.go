package ops

import (
	"iter"

	"github.com/heirloom-go/heirloom/ops/internal/goroutine"
)

// This file switches to coroutines and ends them.

// Complete resumes the coroutine. It is called by the operation that the
// coroutine has started.
func (co *Co) Complete(n int, err error) {
	switch {
	case co.handler == nil:
		panic("ops: an operation of a coroutine ends after the coroutine has")
	case co.next == nil:
		if err != nil { // there was no memory for an operation
			co.release(co).Complete(0, err)
			return
		}
		co.begin()
	}
	co.n, co.err = n, err
	co.wake()
}

// Abandon ends the coroutine. It is called in place of Complete when the executor
// was closed.
func (co *Co) Abandon() {
	if co.next == nil {
		co.release(co)
		return
	}
	co.abandoned = true
	co.wake()
}

// refused returns the handler to call because the executor is closed.
func (co *Co) refused() Handler {
	if co.next != nil {
		return co
	}
	return co.release(co)
}

// Unwrap returns the handler that was passed to Spawn.
func (co *Co) Unwrap() Handler {
	if co.turns.Load() >= over {
		return nil // whoever releases the Co calls it
	}
	return co.handler
}

// begin makes the coroutine, which has not been switched to yet.
func (co *Co) begin() {
	f := co.stream.(func(*Co) error)
	co.stream = nil
	co.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if co.unwinding {
				if r := recover(); r != nil && r != errUnwound {
					panic(r)
				}
			}
		}()
		co.yield, co.self = yield, goroutine.Self()
		co.result = f(co)
	})
	coroutinesOf(co.ex).add(co)
}

const (
	// idle is added to the turns of a coroutine that waits and has no operation
	// outstanding that it has started itself.
	idle = 1 << 16

	// over is how many turns a coroutine has that was idle when its executor was closed,
	// and has ended: whoever still has its handler may use it once more, to no effect.
	over = 1 << 20
)

// wake lets the coroutine go on. With several runners its operation may end before it
// has switched back to the goroutine that runs it, which then resumes it: turns is 0
// while the coroutine waits, 1 while it runs, and 2 if its operation has ended
// meanwhile.
func (co *Co) wake() {
	switch turns := co.turns.Add(1); turns {
	case 1:
		co.resume()
	case idle + 1:
		co.turns.Add(-idle)
		co.resume()
	case 2:
	default:
		if turns < over {
			panic("ops: a coroutine has two operations outstanding")
		}
	}
}

// resume runs the coroutine until it waits, or has ended.
func (co *Co) resume() {
	for {
		co.started = false
		co.unwinding = co.abandoned
		if co.ended() && !co.started {
			silent, result := co.panicked || co.abandoned, co.result
			if h := co.end(); !silent {
				h.Complete(0, result)
			}
			return
		}
		if co.start != nil && !co.launch() {
			continue
		}
		if co.leave() {
			return // and from now on another goroutine may have resumed it
		}
	}
}

// launch starts the operation that the coroutine waits for. It reports false if that has
// panicked: the coroutine is then to panic with the same.
func (co *Co) launch() (ok bool) {
	defer func() {
		if !ok {
			co.threw, co.stream = true, recover()
		}
	}()
	start := co.start
	co.start, co.started = nil, true
	start(co)
	return true
}

// ended switches to the coroutine and reports whether it has ended. If that is by a
// panic, the Co is released, once nothing is outstanding.
func (co *Co) ended() bool {
	returned := false
	defer func() {
		if !returned {
			co.panicked = true
			if !co.started || !co.leave() {
				co.end()
			}
		}
	}()
	_, more := co.next()
	returned = true
	return !more
}

// leave makes the coroutine wait. It reports false if what it waits for has happened.
func (co *Co) leave() bool {
	change := int32(-1)
	if !co.started || co.panicked {
		change += idle
	}
	switch co.turns.Add(change) {
	case 0, idle:
		return true
	case idle + 1:
		co.turns.Add(-idle)
	}
	return false
}

// end releases the Co and returns the handler that was passed to Spawn. If it was idle when
// the executor was closed, it is released when all others have ended.
func (co *Co) end() Handler {
	if coroutinesOf(co.ex).remove(co) {
		return nil
	}
	return co.release(co)
}
