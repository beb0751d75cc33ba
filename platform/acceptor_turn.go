package platform

import (
	"math"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// An acceptor has one operation outstanding at any time, an accept or a wait. When that
// ends, the acceptor takes a turn: it handles the result, and starts the next operation.
// What is associated with the program's handler is associated with both, with two
// exceptions: a wait has memory of its own, which is there when there is no other, and
// nothing of the handler ends a wait while the acceptor drains.
//
//	accepting ──▶ a connection, and there may be more ──▶ accepting
//	          ──▶ Max sessions live, or none may follow ──▶ waits for one to end
//	          ──▶ it has failed ──▶ waits for one to end, or a time to pass

// endless is a wait that only a wake ends.
const endless = math.MaxInt64

// An accepted is an acceptor as the handler of its accepts.
type accepted[S any] Acceptor[S]

func (t *accepted[S]) Unwrap() ops.Handler                           { return t.handler }
func (t *accepted[S]) Allocator() allocator.Allocator[ops.Operation] { return t.memory }
func (t *accepted[S]) Complete(_ int, err error)                     { (*Acceptor[S])(t).takeTurn(err) }
func (t *accepted[S]) Abandon()                                      { (*Acceptor[S])(t).abandon() }

// A waited is an acceptor as the handler of its waits.
type waited[S any] Acceptor[S]

func (t *waited[S]) Unwrap() ops.Handler                           { return t.handler }
func (t *waited[S]) Allocator() allocator.Allocator[ops.Operation] { return &t.slot }
func (t *waited[S]) Complete(_ int, err error)                     { (*Acceptor[S])(t).takeTurn(err) }
func (t *waited[S]) Abandon()                                      { (*Acceptor[S])(t).abandon() }

// A draining is an acceptor as the handler of its waits when nobody is accepted any more. A
// cancel or a timeout that has stopped the acceptor must not end each of these waits at once.
type draining[S any] Acceptor[S]

func (t *draining[S]) Unwrap() ops.Handler                           { return t.handler }
func (t *draining[S]) Allocator() allocator.Allocator[ops.Operation] { return &t.slot }
func (t *draining[S]) CancelSlot() *ops.CancelSlot                   { return &t.unused }
func (t *draining[S]) Timeout() time.Duration                        { return endless }
func (t *draining[S]) Complete(_ int, err error)                     { (*Acceptor[S])(t).takeTurn(err) }
func (t *draining[S]) Abandon()                                      { (*Acceptor[S])(t).abandon() }

func (a *Acceptor[S]) takeTurn(err error) {
	s, failure, over := a.turn(err)
	defer a.endTurn(s, over) // also if OnError panics
	if failure != nil && a.OnError != nil {
		a.OnError(failure)
	}
}

// endTurn serves the session s, if there is one, or ends the acceptor if nobody is left.
func (a *Acceptor[S]) endTurn(s *S, over bool) {
	if s != nil {
		a.Serve(s) // the next accept is outstanding already: this may take long, or panic
	}
	if over {
		defer close(a.over)
		a.handler.Complete(0, a.err)
	}
}

// turn starts the next operation, after one that has ended with err. It returns a
// session to serve, and an error to report, if there are any.
func (a *Acceptor[S]) turn(err error) (s *S, failure error, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	pause := time.Duration(-1) // none
	switch woken := a.woken; {
	case a.accepting && err == nil:
		a.failures = 0
		s, a.pending = a.pending, nil
		a.add(s)
		if a.closing {
			a.Conn(s).Close()
			a.remove(s)
			s = nil
		}
	case a.stopped:
		// Whatever the error is, the reason is known.
	case a.accepting && !endsAccepting(err):
		failure, pause = err, a.backOff(err)
	case a.accepting, err != nil && !woken && !isTimeout(err):
		a.stopped, a.err = true, err
	}
	if !a.stopped && a.cancel != nil && a.cancel.Canceled() {
		a.stopped, a.err = true, ops.ErrCanceled // it was cancelled when it had its result
	}
	a.woken = false
	if over = a.stopped && a.stop(); over {
		return s, nil, true
	}
	switch {
	case a.stopped, a.Max > 0 && len(a.live) >= a.Max:
		pause = endless
	case pause < 0 && a.pending == nil:
		if a.pending, failure = allocator.New(a.sessions); failure != nil {
			pause = a.backOff(failure)
		}
	}
	if pause >= 0 {
		a.wait(pause)
	} else {
		a.accepting = true
		a.listener.Accept(a.Conn(a.pending), (*accepted[S])(a))
	}
	return s, failure, false
}

// stop makes sure that no more clients are accepted, and reports whether none are left.
// The caller holds the lock.
func (a *Acceptor[S]) stop() (over bool) {
	a.listener.Close()
	a.releasePending()
	return len(a.live) == 0
}

// releasePending releases the session of the next client, if there is one. The caller holds
// the lock.
func (a *Acceptor[S]) releasePending() {
	allocator.Delete(a.sessions, a.pending)
	a.pending = nil
}

// wait starts a wait. The caller holds the lock.
func (a *Acceptor[S]) wait(d time.Duration) {
	a.accepting = false
	if a.stopped {
		a.timer.Wait(d, (*draining[S])(a))
		return
	}
	a.timer.Wait(d, (*waited[S])(a))
}

// wake ends the wait, if one is outstanding. The caller holds the lock.
func (a *Acceptor[S]) wake() {
	if !a.accepting && !a.woken {
		a.woken = true
		a.timer.Cancel()
	}
}

// abandon is called when the proactor was closed. It leaves the live sessions alone,
// because their own operations are abandoned before or after this.
func (a *Acceptor[S]) abandon() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped, a.lost = true, true
	a.releasePending()
	close(a.over)
}
