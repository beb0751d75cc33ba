package sim

import "time"

// grace is how long, in real time, a proactor of a world with other goroutines lets
// them go first before it lets virtual time pass. What they would have done later
// than that happens as if they had been slow.
const grace = 200 * time.Microsecond

// idle lets time pass, until the given deadline or until something is due, or
// lets others do something. The caller holds the lock, which is not held
// meanwhile.
func (b *kernel) idle(deadline int64) {
	w := b.w
	until := min(deadline, b.delayed.next())
	switch {
	case b.yield != nil:
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
	limit := grace
	if until == never {
		limit = w.patience
	}
	b.until, b.waiting = until, true
	w.mu.Unlock()
	rang := b.await(limit)
	w.mu.Lock()
	b.waiting = false
	if rang {
		return
	}
	for _, other := range w.backends {
		if other.waiting && other.until < until {
			return // it lets time pass
		}
	}
	if until == never {
		panic(w.deadlocked())
	}
	w.sleep(until)
}

// await waits for the alarm and reports whether it rang within a time; without
// end if that is 0.
func (b *kernel) await(limit time.Duration) bool {
	if limit == 0 {
		<-b.alarm
		return true
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-b.alarm:
		return true
	case <-timer.C:
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
