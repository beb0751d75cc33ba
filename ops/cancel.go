package ops

import (
	"context"
	"sync"
)

// ErrCanceled is what the handler of a cancelled operation is told. It is also
// context.Canceled in the sense of errors.Is.
var ErrCanceled error = canceledError{}

type canceledError struct{}

func (canceledError) Error() string        { return "ops: operation canceled" }
func (canceledError) Is(target error) bool { return target == context.Canceled }

// A CancelSlot cancels the operation that is outstanding for a handler.
//
// It is bound to a handler with [WithCancelSlot], or is what the handler's
// method CancelSlot returns, and belongs to one chain: it stands for the
// operation that began last. The zero value is ready; it costs no allocation,
// and an operation without one pays nothing for it. Its methods may be called
// from any goroutine that may use the proactor of the operation. A CancelSlot
// must not be copied after its first use.
type CancelSlot struct {
	mu        sync.Mutex
	inUse     bool     // an operation has begun and not ended
	requested bool     // Cancel was called since it began
	target    Canceler // where it is outstanding, or nil
	id        uint64
}

// Cancelable is implemented by a handler that brings a CancelSlot. A nil slot
// counts as none.
type Cancelable interface {
	CancelSlot() *CancelSlot
}

// A Canceler is where operations are outstanding, such as a socket.
type Canceler interface {
	// CancelOperation cancels the operation that has the given ID, if it is
	// outstanding. Its handler is called later, with [ErrCanceled] unless
	// the operation had already got a result.
	CancelOperation(id uint64)
}

// WithCancelSlot returns a handler that calls h and whose operation s cancels.
// Making it allocates it: bind once a chain.
func WithCancelSlot(h Handler, s *CancelSlot) Handler {
	mustHandler(h)
	if s == nil {
		panic("ops: WithCancelSlot: nil CancelSlot")
	}
	return &cancelable{h, s}
}

// CancelSlotOf returns the slot associated with h, or nil. The outermost wins.
func CancelSlotOf(h Handler) *CancelSlot {
	return associationsOf(h).slot
}

// Cancel cancels the operation that has begun and not ended, and reports
// whether there is one. Its handler is still called, once and later: with
// [ErrCanceled], or with the result that it already had. A
// composed operation of this package, such as ReadFull, stops at the latest
// before its next part; of one made with [Compose], what is cancelled is the
// operation that is outstanding, and the step that is told decides.
func (s *CancelSlot) Cancel() bool {
	s.mu.Lock()
	target, id, inUse := s.target, s.id, s.inUse
	s.requested = inUse
	s.mu.Unlock()
	// The lock of the target comes before that of the slot, so that of the
	// slot is not held here. If the operation has ended by now the ID misses.
	if target != nil {
		target.CancelOperation(id)
	}
	return inUse
}

// CancelOnDone cancels the operation that is outstanding once ctx is done. The
// result is that of context.AfterFunc: call it to let go of the context.
//
// It cancels from a goroutine of its own, which may not use a proactor that was
// promised a single runner; there, let context.AfterFunc call [Post] with a
// handler that cancels.
func (s *CancelSlot) CancelOnDone(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { s.Cancel() })
}

func (s *CancelSlot) begin() {
	s.mu.Lock()
	s.inUse, s.requested = true, false
	s.mu.Unlock()
}

func (s *CancelSlot) end() {
	s.mu.Lock()
	s.inUse, s.requested, s.target = false, false, nil
	s.mu.Unlock()
}

// Arm tells the cancel slot of the operation, if it has one, where the
// operation is outstanding: at target, as ID. A platform calls it when it has
// set the ID and before the operation can complete; both the call and
// target.CancelOperation are under the same lock of the platform. It returns
// false if the operation was cancelled before, between two parts of a composed
// one; the platform then ends the operation with [ErrCanceled] instead.
func (op *Operation) Arm(target Canceler) bool {
	return op.slot == nil || op.slot.arm(target, op.ID)
}

func (s *CancelSlot) arm(target Canceler, id uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requested {
		return false
	}
	s.target, s.id = target, id
	return true
}

type cancelable struct {
	handler Handler
	slot    *CancelSlot
}

func (c *cancelable) Complete(n int, err error) { c.handler.Complete(n, err) }
func (c *cancelable) Unwrap() Handler           { return c.handler }
func (c *cancelable) CancelSlot() *CancelSlot   { return c.slot }
