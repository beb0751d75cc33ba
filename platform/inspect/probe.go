package inspect

import (
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// A probe measures how long a proactor takes to call a handler that is posted: the
// handlers before it, and a wake if the loop sleeps. It is posted when somebody looks at the
// page, and not again before it was called and somebody has seen how long that took. It has
// its own memory, so that it does not show in that of the program.
type probe struct {
	slot combinators.SingleSlot[ops.Operation]

	mu     sync.Mutex
	posted time.Time
	called chan struct{} // closed when the last one was called
	waits  bool          // it was not called yet
	took   time.Duration // the last one that was called; 0 if there is none
	seen   bool          // somebody knows
}

// post posts the probe, unless the last one is under way or not seen, and returns a
// channel that is closed when it was called.
func (b *probe) post(ex ops.Executor) <-chan struct{} {
	called, post := b.start()
	if post {
		ops.Post(ex, b)
	}
	return called
}

func (b *probe) start() (called <-chan struct{}, post bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.called != nil && !b.seen {
		return b.called, false
	}
	b.called, b.waits, b.seen = make(chan struct{}), true, false
	b.posted = time.Now()
	return b.called, true
}

// Allocator implements ops.Associated.
func (b *probe) Allocator() allocator.Allocator[ops.Operation] { return &b.slot }

// Complete is called by the proactor.
func (b *probe) Complete(int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.took, b.waits = max(1, time.Since(b.posted)), false
	close(b.called)
}

// latency returns how long the last probe took or, if one is waiting, how long it has
// waited so far. One that another reader has posted a moment ago is not waiting.
func (b *probe) latency() (took time.Duration, waiting bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if age := time.Since(b.posted); b.waits && (age > patience/2 || b.took == 0) {
		return age, true
	}
	b.seen = !b.waits
	return b.took, false
}
