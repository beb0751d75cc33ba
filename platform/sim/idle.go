package sim

import (
	"slices"
	"time"
)

// grace is how long, in real time, a proactor waits for the other goroutines of a
// world before it lets virtual time pass. What they do later than that happens
// later in virtual time, as if they had been slow.
const grace = 200 * time.Microsecond

// idle lets time pass, until the given deadline or until something is due, or
// lets others do something. The caller holds the lock, which is not held
// meanwhile.
func (b *kernel) idle(deadline int64) {
	w := b.w
	until := min(deadline, b.delayed.next())
	switch {
	case w.turns != nil:
		b.giveWay(until)
	case !w.alone:
		b.block(until)
	case until == never:
		panic(w.deadlocked())
	default:
		w.sleep(until)
	}
}

// block waits for other goroutines. If they do nothing, time passes.
func (b *kernel) block(until int64) {
	w := b.w
	limit := w.limit(until)
	b.until, b.waiting, w.waitedAt = until, true, w.clock()
	w.mu.Unlock()
	rang := b.await(limit)
	w.mu.Lock()
	b.waiting = false
	switch {
	case rang:
	case w.bubbled && until != never:
		w.saw(Slept, nil, 0)
	case !w.first(until):
		// Another proactor lets time pass.
	case until != never:
		w.sleep(until)
	case w.bubbled:
		panic(w.deadlockedInBubble())
	default:
		panic(w.deadlocked())
	}
}

// limit returns how long to wait for other goroutines before time passes until the
// given one. 0 means without end.
func (w *World) limit(until int64) time.Duration {
	switch {
	case until == never && w.patience == 0 && w.bubbled:
		return eternity
	case until == never:
		return w.patience
	case w.bubbled:
		return time.Duration(max(1, until-w.clock())) // it passes by itself
	}
	return grace
}

// first reports whether nobody waits for an earlier time. The caller holds the lock.
func (w *World) first(until int64) bool {
	return !slices.ContainsFunc(w.backends, func(b *kernel) bool { return b.waiting && b.until < until })
}

// await waits for the alarm and reports whether it rang within the limit. A
// limit of 0 is none.
func (b *kernel) await(limit time.Duration) bool {
	if limit == 0 {
		<-b.alarm
		return true
	}
	if b.timer == nil {
		b.timer = time.NewTimer(limit)
	} else {
		b.timer.Reset(limit)
	}
	defer b.timer.Stop()
	select {
	case <-b.alarm:
		return true
	case <-b.timer.C:
		return false
	}
}

// ring makes a poll that waits look again. The caller holds the lock.
func (b *kernel) ring() {
	if !b.waiting {
		return
	}
	select {
	case b.alarm <- struct{}{}:
	default:
	}
}

// Wake implements backend.Backend.
func (b *kernel) Wake() {
	b.w.mu.Lock()
	b.woken = true
	b.ring()
	b.w.mu.Unlock()
}
