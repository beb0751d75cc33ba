package combinators

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
)

// Budget bounds the bytes that several allocators hand out together, whatever their
// types, and lets a program wait for room.
//
// Use it where a server has a fixed amount of memory for everything: operations,
// buffers, sessions. Each allocator gets a [Budgeted] as its outermost layer. A
// program whose request is refused gives up, or waits for room: a goroutine with
// Wait, a handler with WhenRoom. So exhaustion becomes backpressure. For one type,
// and without waiting, use [Limit].
//
// A wait ends with a reservation of the bytes, which nobody else gets. The
// allocators of this Budget use up its reservation before they take anything else. A
// goroutine or a chain of handlers that waits should have a Budget of its own for
// that, made with Account. All accounts share one limit and one queue. Several users
// may share an account if each reserves what it allocates.
//
// Goroutines and handlers are served in the order of their arrival, so small
// requests do not overtake a large one. While somebody waits, released bytes go to
// the first in the queue, and a request without a reservation is refused as if there
// were no room. Waiting while holding memory that others wait for is a deadlock, as
// in any queue. So reserve the bytes of all types that a piece of work needs with a
// single Wait.
//
// A wait costs a mutex at its start and at its end, and allocates nothing in the
// steady state. [Budgeted] says what an allocation costs.
//
// It is exhausted when the bytes handed out and the bytes reserved add up to the
// limit. Waiting for more than the limit fails with [allocator.ErrTooLarge].
//
// Any number of goroutines may use it. Together they never hold more than the limit.
// A request that would exceed it takes nothing away from the others, not even for a
// moment. No function of the program is called while a lock is held.
//
// A reservation that is not used is lost to the others until Unreserve.
type Budget struct {
	_        noCopy
	funds    *funds
	reserved atomic.Int64 // of this account
}

// NewBudget returns a Budget of limit bytes. It panics if limit is negative.
func NewBudget(limit int) *Budget {
	if limit < 0 {
		panic(fmt.Sprintf("combinators: NewBudget: the limit is negative: %d", limit))
	}
	f := &funds{limit: int64(limit)}
	f.run = f.callAll
	return &Budget{funds: f}
}

// Account returns a Budget that shares the limit and the queue of b, with
// reservations of its own.
func (b *Budget) Account() *Budget { return &Budget{funds: b.funds} }

// Wait waits until n bytes can be reserved, in the order of arrival, and
// reserves them. If ctx is done first, it fails with ctx.Err() and reserves
// nothing. It fails at once with [allocator.ErrTooLarge] if n exceeds the
// limit, and with [allocator.ErrSize] if n is negative.
func (b *Budget) Wait(ctx context.Context, n int) error {
	if err := b.check(n); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := b.funds.wait(b, int64(n))
	if w == nil {
		b.reserved.Add(int64(n))
		return nil
	}
	select {
	case <-w.ready:
		b.funds.leave(w)
		b.reserved.Add(int64(n))
		return nil
	case <-ctx.Done():
		b.funds.abandon(w, w.generation)
		return ctx.Err()
	}
}

// WhenRoom calls f once, when n bytes have been reserved, in the order of
// arrival.
//
// It calls f later, even if there is room at once: never from inside WhenRoom
// or a release, but on a goroutine of its own, which calls all waiting
// functions one after another. So f should be short: it should post to where
// the work is done, or start an operation. WhenRoom returns the same errors as
// Wait, and panics if f is nil.
func (b *Budget) WhenRoom(n int, f func()) (Waiting, error) {
	if f == nil {
		panic("combinators: Budget.WhenRoom: the function is nil")
	}
	if err := b.check(n); err != nil {
		return Waiting{}, err
	}
	return b.funds.whenRoom(b, int64(n), f), nil
}

// A Waiting stands for a function that waits for room. The zero Waiting stands
// for none.
type Waiting struct {
	waiter     *waiter
	generation uint64
}

// Cancel takes the function out of the queue. It returns false if the function
// has been called, is being called, or was cancelled before.
func (w Waiting) Cancel() bool {
	return w.waiter != nil && w.waiter.funds.abandon(w.waiter, w.generation)
}

// Unreserve gives back what this account has reserved and not used.
func (b *Budget) Unreserve() {
	if n := b.reserved.Swap(0); n != 0 {
		b.funds.release(n)
	}
}

// Live returns how many bytes are handed out or reserved, by all accounts.
func (b *Budget) Live() int { return int(b.funds.used.Load()) }

// Reserved returns how many bytes this account has reserved and not yet used.
func (b *Budget) Reserved() int { return int(b.reserved.Load()) }

// String returns the expression that builds it.
func (b *Budget) String() string { return fmt.Sprintf("Budget(%d)", b.funds.limit) }

func (b *Budget) check(n int) error {
	switch {
	case n < 0:
		return allocator.ErrSize
	case int64(n) > b.funds.limit:
		return allocator.ErrTooLarge
	}
	return nil
}

// take takes n bytes, from the reservation as far as it goes, and returns how
// many came from there. It is false if there is no room for n.
func (b *Budget) take(n int64) (reserved int64, ok bool) {
	for {
		all := b.reserved.Load()
		reserved = min(all, n)
		if reserved == 0 || b.reserved.CompareAndSwap(all, all-reserved) {
			break
		}
	}
	if rest := n - reserved; rest != 0 && !b.funds.take(rest) {
		b.reserved.Add(reserved)
		return 0, false
	}
	return reserved, true
}

// giveBack undoes a take.
func (b *Budget) giveBack(n, reserved int64) {
	if reserved != 0 {
		b.reserved.Add(reserved)
	}
	if n != reserved {
		b.funds.release(n - reserved)
	}
}
