package sim

import (
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// pollTime is how long a poll takes, in nanoseconds of virtual time, so that time
// passes also in a program that never waits. In a bubble it takes none.
const pollTime = 1000

// Poll implements backend.Backend.
func (b *kernel) Poll(wait time.Duration) {
	b.poll(wait)
	for i, op := range b.batch {
		if op == nil {
			continue // what it led to has panicked
		}
		b.batch[i] = nil
		b.host.Completed(op)
		if b.w.faults.CompleteTwice {
			b.host.Completed(op)
		}
	}
	b.batch = b.batch[:0]
}

// poll waits for operations to complete and leaves them in batch.
func (b *kernel) poll(wait time.Duration) {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	deadline := int64(never)
	if wait >= 0 {
		deadline = w.after(wait)
	}
	if !w.bubbled && !w.weather.Interleave {
		w.now.Add(pollTime)
	}
	b.giveWay(w.clock())
	for {
		idle := true
		switch {
		case !w.weather.Interleave:
			idle = b.collect()
		case wait != 0 && !b.woken:
			b.interleave(deadline)
			idle = false
		}
		if !idle || wait == 0 || b.woken || w.clock() >= deadline {
			break
		}
		if b.ready.len() == 0 && len(b.completions) == 0 {
			b.idle(deadline)
		}
	}
	if wait != 0 {
		b.woken = false
	}
}

// collect has the kernel do what it can and takes what it reports. It reports
// whether the poll should go on, because there was nothing.
func (b *kernel) collect() (idle bool) {
	w := b.w
	b.misbehave()
	for b.delayed.next() <= w.clock() {
		r := b.delayed.pop()
		r.place = ready
		b.ready.push(r)
	}
	something := b.ready.len() > 0 || len(b.completions) > 0
	if something && b.spurious < 3 && w.happens(w.weather.Spurious, "spurious poll") {
		b.spurious++
		w.saw(Looked, nil, 0)
		return false
	}
	b.spurious = 0

	n := b.ready.len()
	if n > 1 && w.happens(w.weather.Few, "only a few") {
		n -= w.choose(n, "how many fewer")
	}
	for ; n > 0 && b.ready.len() > 0; n-- {
		i := 0
		if b.ready.len() > 1 && w.happens(w.weather.Overtake, "overtake") {
			i = w.choose(b.ready.len(), "which is next")
		}
		b.do(b.ready.remove(i))
	}
	b.reap()
	return len(b.batch) == 0
}

// do has the kernel do a request and post the result.
func (b *kernel) do(r *request) {
	w := b.w
	r.place = held
	r.e.touch(w)
	var res result
	possible := r.possible()
	switch {
	case r.canceled && !(possible && w.choose(2, "cancel comes too late") == 1):
		res = result{n: r.sent, err: ops.ErrCanceled}
	case !possible: // any more
		r.place = waiting
		return
	default:
		res = b.perform(r)
	}
	if res.more && r.canceled {
		res = result{n: r.sent, err: ops.ErrCanceled}
	}
	if res.more {
		r.place = waiting
		r.e.wake(writing)
		return
	}
	b.saw(Done, r, b.find(r.name), res)
	c := completion{name: r.name, result: res}
	if w.happens(w.weather.Lag, "lag") {
		c.lag = 1 + w.choose(4, "how many polls")
	}
	b.completions = append(b.completions, c)
	r.e.requests[sideOf(r.kind)] = nil
	b.discard(r)
}

// find returns the operation with the given name, or nil if it is gone.
func (b *kernel) find(n name) *ops.Operation {
	if s := &b.table[n.slot]; s.gen == n.gen {
		return s.op
	}
	return nil
}

// reap takes completions from the kernel.
func (b *kernel) reap() {
	kept := b.completions[:0]
	for _, c := range b.completions {
		if c.lag > 0 {
			c.lag--
			kept = append(kept, c)
			continue
		}
		b.complete(c)
	}
	kept = append(kept, b.again...)
	clear(b.again)
	b.again = b.again[:0]
	if len(kept) < len(b.completions) {
		clear(b.completions[len(kept):])
	}
	b.completions = kept
}

// complete finds the operation of a completion.
func (b *kernel) complete(c completion) {
	what := Completed
	op := b.find(c.name)
	if op == nil {
		what = Missed
		if b.w.faults.StaleCompletion {
			if op = b.table[c.slot].op; op != nil {
				what = Hit
			}
		}
	}
	if b.w.observe != nil && op != nil {
		s := &b.table[c.slot]
		b.w.observe(Event{b.w.Now(), what, s.e.id, s.id, s.kind, op, c.n, c.err})
	} else if b.w.observe != nil {
		b.w.observe(Event{Time: b.w.Now(), What: what, Operation: c.id, N: c.n, Err: c.err})
	}
	if op == nil {
		return
	}
	b.leave(c.slot)
	give(op, c.result)
	b.batch = append(b.batch, op)
	if what == Completed {
		b.postAgain(c.name, result{n: c.n, err: c.err, from: c.from})
	}
}

// postAgain may have the kernel post a completion that comes too late.
func (b *kernel) postAgain(n name, res result) {
	if !b.w.happens(b.w.weather.Stale, "stale completion") {
		return
	}
	b.again = append(b.again, completion{n, res, b.w.choose(4, "how many polls later")})
}
