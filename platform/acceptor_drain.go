package platform

import (
	"context"
	"net"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// Drain makes the acceptor stop: it closes the listener, and calls its handler once the
// live sessions are done. Drain does not wait for that. Sessions that would go on for
// ever can call [Acceptor.Draining] before they start the next operation, or be closed
// by [Acceptor.Close].
func (a *Acceptor[S]) Drain() { a.ask(false) }

// Close is like [Acceptor.Drain], and also closes the connections of all live sessions.
// Handlers of outstanding operations on them are called with net.ErrClosed, and so is
// the handler of the next operation, so the sessions come to an end.
//
// When the proactor is closed, no further handlers of the sessions are called. A handler
// that is an [ops.Abandoner] may call Done for its session. After Close of the proactor,
// Close of the acceptor releases the sessions that are left.
func (a *Acceptor[S]) Close() { a.ask(true) }

// Draining reports whether the acceptor has stopped accepting, or is about to.
func (a *Acceptor[S]) Draining() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stopped
}

// Shutdown drains the acceptor and waits until all sessions are done. If ctx is done
// first, it closes the sessions that are left, as [Acceptor.Close] does, waits for them
// to end and returns why ctx is done (see context.Cause). If the proactor is closed
// first, it returns net.ErrClosed.
//
// It blocks until other goroutines, which run the proactor, have called the handlers of
// the sessions. So it must not be called from a handler. Once ctx is done, it stops
// waiting when no goroutine runs the proactor.
func (a *Acceptor[S]) Shutdown(ctx context.Context) error {
	a.Drain()
	over := a.end()
	if over == nil {
		return nil // Start was not called
	}
	select {
	case <-over:
		return a.outcome(nil)
	default:
	}
	select {
	case <-over:
		return a.outcome(nil)
	case <-ctx.Done():
		a.Close()
		a.awaitClosed(over)
		return a.outcome(context.Cause(ctx))
	}
}

// awaitClosed waits until all sessions are done or no goroutine runs the proactor. It
// polls for the latter, because runners do not say when they leave.
func (a *Acceptor[S]) awaitClosed(over <-chan struct{}) {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-over:
			return
		case <-look.C:
			if !a.proactor.hasRunner() {
				return
			}
		}
	}
}

// end returns what is closed when the acceptor has ended, or nil before Start.
func (a *Acceptor[S]) end() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.over
}

// outcome returns err, or net.ErrClosed if the proactor was closed.
func (a *Acceptor[S]) outcome(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lost {
		return net.ErrClosed
	}
	return err
}

func (a *Acceptor[S]) ask(closing bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	a.closing = a.closing || closing
	switch {
	case a.listener == nil:
	case !a.lost:
		ops.Post(a.proactor, (*ending[S])(a))
	case a.closing && a.proactor.wasAbandoned():
		for len(a.live) > 0 {
			a.remove(a.live[len(a.live)-1])
		}
	}
}

// An ending is an acceptor as the handler by which Drain and Close get to a goroutine
// that runs the proactor. It does the same if there was no memory for the operation.
type ending[S any] Acceptor[S]

// Allocator makes the operation come from the heap, because the goroutine that posts it
// may not be one that the program's allocators expect.
func (e *ending[S]) Allocator() allocator.Allocator[ops.Operation] {
	return allocator.Heap[ops.Operation]{}
}

func (e *ending[S]) Complete(int, error) {
	a := (*Acceptor[S])(e)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listener.Close() // which ends an accept
	if a.closing {
		for _, s := range a.live {
			a.Conn(s).Close()
		}
	}
	if len(a.live) == 0 {
		a.wake()
	}
}
