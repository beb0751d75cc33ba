package sim

import (
	"runtime"
	"slices"
)

// Turns calls each function on its own goroutine, and returns when all of them have
// returned. The goroutines take turns. One goes on until it returns, polls, waits for
// another that runs the same proactor, or calls [World.Yield]. Then the Chooser decides
// which is next; the plainest choice is the one that has just had its turn, if it can go
// on. So the whole run depends on nothing but the Chooser, as with [Alone], even where
// several goroutines run a proactor.
//
// The order of handlers and polls is chosen, but not the order of instructions. That is a
// matter for the race detector, which sees less here than elsewhere. It does not see that a
// turn is passed on, but it does see the lock of the world, which every poll, every Yield
// and every operation takes. So it reports what two handlers share without a lock of their
// own only if one of them waited in its Yield while the other went on.
//
// A goroutine that has its turn may wait for another only in these ways, and with
// [World.NewCond]: otherwise none of them could go on. So do not poll or yield while
// holding a mutex that others lock.
//
// Time passes only when all of them wait. If nothing can happen any more, one of them
// panics with a [*Deadlock], in its Run. If a function panics or ends its goroutine, Turns
// does the same when the others have returned. Turns also does so if the Chooser panics or
// ends the goroutine when it is asked which is next. The Chooser is not asked this again,
// and the plainest choice is taken. Turns panics if another call of it is under way.
//
// Other goroutines should not use the proactors meanwhile.
func (w *World) Turns(functions ...func()) {
	if len(functions) == 0 {
		return
	}
	t := &turns{over: make(chan struct{})}
	for range functions {
		t.all = append(t.all, &turn{event: Turn + uint64(len(t.all)), begin: make(chan struct{}, 1)})
	}
	w.mu.Lock()
	if w.turns != nil {
		w.mu.Unlock()
		panic("sim: Turns: others take turns already")
	}
	w.turns = t
	for i, f := range functions {
		go w.goOn(t, t.all[i], f)
	}
	go w.passOn(t) // on a goroutine that the Chooser may end
	<-t.over
	switch {
	case t.panicked != nil:
		panic(t.panicked)
	case t.ended:
		runtime.Goexit()
	}
}

// Yield lets another goroutine of [World.Turns] or [World.Run] go on, if one can and the
// Chooser says so. It is for handlers, which should yield wherever another handler might
// run at the same time, such as at their beginning and end. Elsewhere it does nothing.
func (w *World) Yield() {
	w.mu.Lock()
	if w.turns == nil {
		w.mu.Unlock()
		return
	}
	w.pass()
}

// turns are the goroutines of World.Turns. The world's lock guards them.
type turns struct {
	all     []*turn
	current *turn         // who goes on; the others are waiting for that
	able    []*turn       // scratch
	events  []uint64      // likewise
	over    chan struct{} // closed when all have returned

	panicked any  // what Turns panics with
	ended    bool // a goroutine has exited
	failed   bool // the Chooser has panicked or exited
}

// note records how a goroutine that has not returned has ended: with a panic, or
// without.
func (t *turns) note(panicked any) {
	switch {
	case panicked == nil:
		t.ended = true
	case t.panicked == nil:
		t.panicked = panicked
	}
}

// A turn is a goroutine of World.Turns.
type turn struct {
	event    uint64        // that it goes on; see Scheduler
	begin    chan struct{} // receives when it is its turn; of capacity 1
	done     bool
	poll     *kernel   // in whose poll it waits, or nil
	waits    bool      // on a condition
	deadlock *Deadlock // what it must panic with
}

func (t *turn) resume() { t.begin <- struct{}{} }
func (t *turn) await()  { <-t.begin }

// goOn is the goroutine of a turn.
func (w *World) goOn(t *turns, own *turn, f func()) {
	returned := false
	defer func() {
		v := recover()
		w.mu.Lock()
		own.done = true
		if !returned {
			t.note(v)
		}
		w.passOn(t)
	}()
	unseen(own.await)
	f()
	returned = true
}

// passOn has the next goroutine go on, or Turns return if none is left. The caller holds
// the lock, which is not held any more.
func (w *World) passOn(t *turns) {
	chosen := false
	defer func() {
		if !chosen { // the observer, or the Chooser, has panicked or ends the goroutine
			t.note(recover())
			w.passOn(t)
		}
	}()
	next := w.next(nil)
	chosen = true
	if t.current = next; next == nil {
		w.turns = nil
	}
	w.mu.Unlock()
	if next == nil {
		close(t.over)
		return
	}
	unseen(next.resume)
}

// pass ends the turn of the current goroutine, and returns when it has the next one. The
// caller holds the lock, which is not held any more.
func (w *World) pass() {
	own := w.turns.current
	next := w.successor(own)
	if next != own {
		unseen(func() {
			next.resume()
			own.await()
		})
	}
}

// successor returns who goes on after own. If the observer or the Chooser panics or ends the
// goroutine it is still the turn of own. The caller holds the lock, which is not held any
// more.
func (w *World) successor(own *turn) *turn {
	defer w.mu.Unlock()
	next := w.next(own)
	w.turns.current = next
	return next
}

// next chooses who goes on, or returns nil if nobody is left. Time may pass. The one that
// ends its turn comes first.
func (w *World) next(own *turn) *turn {
	t := w.turns
	for {
		able := t.able[:0]
		if own != nil && own.able(w) {
			able = append(able, own)
		}
		first := int64(never)
		for _, o := range t.all {
			if o.done {
				continue
			}
			if o != own && o.able(w) {
				able = append(able, o)
			}
			if o.poll != nil {
				first = min(first, o.poll.next())
			}
		}
		t.able = able
		switch {
		case len(able) > 0:
			return able[w.chooseTurn(able)]
		case first != never:
			w.sleep(first)
		default:
			return w.deadlockTurn()
		}
	}
}

// chooseTurn asks the Chooser, or the Scheduler of an interleaved world. If that panics so
// does Turns in the end, as nobody else is there whom it concerns. If it ends the goroutine
// nothing can keep it from that.
func (w *World) chooseTurn(able []*turn) (chosen int) {
	t := w.turns
	if t.failed {
		return 0
	}
	t.failed = true
	defer func() {
		if t.failed {
			t.note(recover())
		}
	}()
	const what = "who goes on"
	if w.weather.Interleave {
		t.events = t.events[:0]
		for _, o := range able {
			t.events = append(t.events, o.event)
		}
		chosen = w.nextEvent(t.events, what)
		w.touch(Everything, 0)
	} else {
		chosen = w.choose(len(able), what)
	}
	t.failed = false
	return chosen
}

// deadlockTurn returns the goroutine that is to panic, preferably in a poll, or nil if none
// is left.
func (w *World) deadlockTurn() *turn {
	left := func(t *turn) bool { return !t.done }
	polls := func(t *turn) bool { return !t.done && t.poll != nil }
	i := slices.IndexFunc(w.turns.all, polls)
	if i < 0 {
		i = slices.IndexFunc(w.turns.all, left)
	}
	if i < 0 {
		return nil
	}
	w.turns.all[i].deadlock = w.deadlocked()
	return w.turns.all[i]
}

func (t *turn) able(w *World) bool {
	return !t.done && !t.waits && (t.poll == nil || t.poll.able())
}

// check panics if the goroutine was resumed because nothing can happen any more.
func (t *turn) check() {
	if d := t.deadlock; d != nil {
		t.deadlock = nil
		panic(d)
	}
}

// able reports whether a poll has a reason to go on.
func (b *kernel) able() bool {
	return b.woken || b.next() <= b.w.clock() || b.ready.len() > 0 || len(b.completions) > 0
}

// next returns when a poll goes on at the latest. What others have done meanwhile may be
// due before what it waits for itself.
func (b *kernel) next() int64 { return min(b.until, b.delayed.next()) }

// giveWay lets another goroutine go on, in World.Turns, until the given time or until there
// is something to do. The caller holds the lock, which is not held meanwhile.
func (b *kernel) giveWay(until int64) {
	w := b.w
	if w.turns == nil {
		return
	}
	own := w.turns.current
	b.until, b.waiting, own.poll = until, true, b
	defer func() { // also if the observer or the Chooser panics
		w.mu.Lock()
		b.waiting, own.poll = false, nil
		own.check()
	}()
	w.pass()
}
