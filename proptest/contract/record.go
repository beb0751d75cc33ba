package contract

import (
	"runtime"
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// A ledger that locks a mutex whenever an allocator is called would itself
// create the happens-before edges of clause 6 that the platform must create,
// and the race detector could never report one that is missing. So recording
// an event synchronises without the race detector's knowledge: the functions
// here are not instrumented, and lock with its attention switched off. What a
// ledger makes of the events happens later, in batches, under an ordinary
// mutex.

// batch is the number of events that are recorded before they are judged. Most programs have
// far fewer, so there is room for firstBatch at first, and more when that is full: to judge
// earlier would synchronise the goroutines more often.
const (
	batch      = 4096
	firstBatch = 128
)

// record adds an event. Events are judged in the order of their recording.
//
//go:norace
func (l *Ledger) record(e event) {
	race.Off()
	l.lock.Lock()
	for len(l.pending) == batch {
		l.lock.Unlock()
		race.On()
		l.settle()
		race.Off()
		l.lock.Lock()
	}
	if len(l.pending) == cap(l.pending) {
		l.pending = longer(l.pending)
	}
	e.seq = l.recorded
	e.at = l.Now()
	l.recorded++
	n := len(l.pending)
	l.pending = l.pending[:n+1]
	l.pending[n] = e
	l.lock.Unlock()
	race.On()
}

// longer returns a copy with more room.
//
//go:norace
func longer(events []event) []event {
	l := make([]event, len(events), min(max(firstBatch, 4*cap(events)), batch))
	//lint:ignore S1001 the race detector sees what copy does, even here
	for i := range events {
		l[i] = events[i]
	}
	return l
}

// take returns the events that were not judged yet; spare is where new ones go.
//
//go:norace
func (l *Ledger) take(spare []event) []event {
	race.Off()
	l.lock.Lock()
	taken := l.pending
	l.pending = spare
	l.lock.Unlock()
	race.On()
	return taken
}

// Events returns the number of events so far. While it stays the same, nothing
// happens.
//
//go:norace
func (l *Ledger) Events() int {
	race.Off()
	l.lock.Lock()
	n := l.recorded
	l.lock.Unlock()
	race.On()
	return n
}

// buffers are the memory of a ledger that is not needed any more.
type buffers struct{ pending, spare, history []event }

var unused sync.Pool // of *buffers

// reuse gives the ledger the memory of one that is not needed any more.
func (l *Ledger) reuse() {
	if b, ok := unused.Get().(*buffers); ok {
		l.pending, l.spare, l.history = b.pending, b.spare, b.history
	}
}

// Discard gives the memory of the ledger to ledgers that are made later. The ledger
// must not be used any more.
func (l *Ledger) Discard() {
	l.mu.Lock()
	defer l.mu.Unlock()
	unused.Put(&buffers{l.take(nil)[:0], l.spare[:0], l.history[:0]})
	l.spare, l.history = nil, nil
}

// settle judges the events that were recorded so far.
func (l *Ledger) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
}

func (l *Ledger) settleLocked() {
	l.judge.complete = l.Complete
	taken := l.take(l.spare)
	for i := range taken {
		l.judge.see(&taken[i])
	}
	l.history = append(l.history, taken...)
	if n := len(l.history); n > 2*remembered {
		l.history = append(l.history[:0], l.history[n-remembered:]...)
	}
	l.spare = taken[:0]
}

// remembered is the number of events that a ledger keeps for its timeline.
const remembered = 4 * batch

// Now returns the time since the ledger was made, by its Clock.
//
//go:norace
func (l *Ledger) Now() time.Duration {
	if l.Clock != nil {
		return l.Clock()
	}
	return time.Since(l.begun)
}

// goroutine returns the number of the calling goroutine, or always 1 if there
// is only one.
func (l *Ledger) goroutine() uint64 {
	if l.Alone {
		return 1
	}
	return goroutine()
}

// goroutine returns the number of the calling goroutine. Go shows it only in
// stack traces, and never uses a number again.
func goroutine() uint64 {
	var buf [40]byte
	n := runtime.Stack(buf[:], false)
	var id uint64
	for _, c := range buf[len("goroutine "):n] {
		if c < '0' || c > '9' {
			break
		}
		id = 10*id + uint64(c-'0')
	}
	return id
}
