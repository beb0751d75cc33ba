package inspect

import (
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// A probe measures how long a proactor takes to call a handler that is posted: what
// waits before it, and a wake if the loop sleeps. One is posted when somebody looks,
// and no other before it was called. It has its own memory, so that it does not show in
// that of the program.
type probe struct {
	slot combinators.SingleSlot[ops.Operation]

	mu     sync.Mutex
	posted time.Time
	called chan struct{} // of the probe under way; nil if there is none
	took   time.Duration // the last one
}

// post posts the probe unless it is under way, and returns a channel that is closed when
// it was called.
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
	if b.called != nil {
		return b.called, false
	}
	b.called = make(chan struct{})
	b.posted = time.Now()
	return b.called, true
}

// Allocator implements ops.Associated.
func (b *probe) Allocator() allocator.Allocator[ops.Operation] { return &b.slot }

// Complete is called by the proactor.
func (b *probe) Complete(int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.took = time.Since(b.posted)
	close(b.called)
	b.called = nil
}

// latency returns how long the last probe took or, if one is waiting, how long it has
// waited so far.
func (b *probe) latency() (took time.Duration, waiting bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.called != nil {
		return time.Since(b.posted), true
	}
	return b.took, false
}
