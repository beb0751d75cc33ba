package ops

import "sync"

// Coroutines keeps track of the coroutines that have begun on an executor and not ended.
// When the executor is closed, it ends those that are left: a coroutine that waits for
// something that was never started has no operation that could be abandoned. An
// [Executor] with a method
//
//	Coroutines() *Coroutines
//
// is asked for it by [Spawn]. A proactor and a [Strand] have this method.
//
// The zero value is ready, and any goroutine may use it.
type Coroutines struct {
	mu    sync.Mutex
	first *Co
	ended *Co // those that have ended and are kept
	n     int
}

// coroutinesOf returns the Coroutines of an executor, or nil.
func coroutinesOf(ex Executor) *Coroutines {
	if x, ok := ex.(interface{ Coroutines() *Coroutines }); ok {
		return x.Coroutines()
	}
	return nil
}

// Len returns the number of coroutines that have begun and not ended.
func (c *Coroutines) Len() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// Pending reports whether there is anything for Abandon to do. Both methods are for those
// who implement a platform.
func (c *Coroutines) Pending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for co := c.first; co != nil; co = co.succ {
		if co.turns.Load() == idle {
			return true
		}
	}
	return c.ended != nil
}

// Abandon ends one coroutine that waits and has no operation outstanding. A platform calls
// it when it has abandoned all operations, and then abandons those that were started
// meanwhile. If a deferred call of the coroutine panics, so does Abandon.
//
// While such coroutines are left, those that have ended keep their memory, because a
// deferred call of one may still walk a queue in which another waits.
func (c *Coroutines) Abandon() {
	if co := c.claim(); co != nil {
		co.abandoned, co.kept = true, true
		co.resume()
		return
	}
	for co := c.take(); co != nil; co = c.take() {
		tellAbandoned(co.release(co))
	}
}

// claim returns a coroutine that is idle, which nobody else may then resume, or nil.
func (c *Coroutines) claim() *Co {
	c.mu.Lock()
	defer c.mu.Unlock()
	for co := c.first; co != nil; co = co.succ {
		if co.turns.CompareAndSwap(idle, 1) {
			return co
		}
	}
	return nil
}

// take returns a coroutine that has ended and was kept, or nil.
func (c *Coroutines) take() *Co {
	c.mu.Lock()
	defer c.mu.Unlock()
	co := c.ended
	if co != nil {
		c.ended = co.succ
	}
	return co
}

// add adds a coroutine that begins. A nil Coroutines keeps none.
func (c *Coroutines) add(co *Co) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if co.succ = c.first; co.succ != nil {
		co.succ.prev = co
	}
	c.first = co
	c.n++
}

// remove removes a coroutine that has ended, and reports whether it is kept
// nevertheless.
func (c *Coroutines) remove(co *Co) (kept bool) {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if co.succ != nil {
		co.succ.prev = co.prev
	}
	if co.prev != nil {
		co.prev.succ = co.succ
	} else {
		c.first = co.succ
	}
	c.n--
	if co.kept {
		co.turns.Store(over)
		co.succ, c.ended = c.ended, co
	}
	return co.kept
}
