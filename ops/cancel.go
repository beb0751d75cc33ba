package ops

import (
	"context"
	"sync"

	"github.com/heirloom-go/heirloom/ops/reach"
)

// ErrCanceled is the error of a cancelled operation. errors.Is also finds
// context.Canceled in it.
var ErrCanceled error = canceledError{}

type canceledError struct{}

func (canceledError) Error() string        { return "ops: operation canceled" }
func (canceledError) Is(target error) bool { return target == context.Canceled }

// A CancelSlot cancels the operation that is outstanding for a handler.
//
// Bind it to a handler with [WithCancelSlot], or return it from a method
// CancelSlot of the handler. It belongs to one chain, and cancels the operation
// of that chain that began last. The zero value is ready. A slot allocates nothing,
// and costs an operation without one nothing. Any goroutine
// that may use the proactor of the operation may call its methods. A CancelSlot
// must not be copied after its first use.
type CancelSlot struct {
	mu        sync.Mutex
	op        *Operation    // that has begun and not ended, or nil
	requested bool          // Cancel was called since the last one began
	target    Canceler      // where it is outstanding, or nil
	bound     *boundContext // the contexts that it is bound to
	doomed    bool          // what begins later is cancelled too
	canceled  bool          // what ended last was
}

// Cancelable is implemented by a handler that brings a CancelSlot.
type Cancelable interface {
	// CancelSlot returns the slot that cancels the handler's operation; nil
	// counts as none.
	CancelSlot() *CancelSlot
}

// A Canceler is a place where operations are outstanding, such as a socket. One
// that only certain goroutines may call is also [Located], on an executor that
// reaches such a goroutine. Any goroutine may ask it for its executor.
type Canceler interface {
	// CancelOperation cancels the operation that [CancelSlot.Requested] returns,
	// if there is one. Its handler is called later, with [ErrCanceled] unless
	// the operation had already got a result.
	CancelOperation(s *CancelSlot)
}

// WithCancelSlot returns a handler that calls h, and whose operation s cancels.
// Making the handler allocates: bind once for each chain.
func WithCancelSlot(h Handler, s *CancelSlot) Handler {
	mustHandler(h)
	if s == nil {
		panic("ops: WithCancelSlot: nil CancelSlot")
	}
	return &cancelable{h, s}
}

// CancelSlotOf returns the slot associated with h, or nil. The outermost slot
// wins.
func CancelSlotOf(h Handler) *CancelSlot {
	return associationsOf(h).slot
}

// Cancel cancels the operation that has begun and not ended, and reports
// whether there is one. Its handler is still called, once and later: with
// [ErrCanceled], or with the result that it already had. A composed operation
// of this package, such as ReadFull, stops before its next part at the latest.
// In one made with [Compose], the outstanding operation is cancelled, and the
// next step gets ErrCanceled and decides what to do.
func (s *CancelSlot) Cancel() bool {
	target, inUse := s.request()
	// The lock of the target comes before that of the slot, so that of the
	// slot is not held here. If the operation has ended by now, nothing is
	// requested any more.
	if target != nil {
		target.CancelOperation(s)
	}
	return inUse
}

// doom makes every later operation end as soon as it begins, until the slot is spared.
func (s *CancelSlot) doom() {
	s.mu.Lock()
	s.doomed = true
	s.mu.Unlock()
}

func (s *CancelSlot) spare() {
	s.mu.Lock()
	s.doomed = false
	s.mu.Unlock()
}

// Canceled reports whether the operation that ended last was cancelled, even if it
// already had its result: an accept that had its connection, for example. It is false
// once the next operation has begun. A chain that should end when it is cancelled must
// call Canceled before it goes on.
func (s *CancelSlot) Canceled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.canceled
}

// request notes that the operation that has begun and not ended, if there is one, must be
// cancelled. It returns where the operation is outstanding, or nil.
func (s *CancelSlot) request() (target Canceler, inUse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reach.Sometimes(s.op == nil, reach.CancelOfNothing)
	if s.op == nil {
		return nil, false
	}
	reach.Sometimes(s.target == nil, reach.CancelBetween)
	s.requested = true
	return s.target, true
}

func (s *CancelSlot) begin(op *Operation) {
	s.mu.Lock()
	s.op, s.requested, s.target, s.canceled = op, s.doomed || s.bound.done(), nil, false
	s.mu.Unlock()
}

// end ends the operation that begin was called for, unless the slot belongs to another
// one by now.
func (s *CancelSlot) end(op *Operation) {
	s.mu.Lock()
	if s.op == op {
		s.op, s.target, s.canceled = nil, nil, s.requested
	}
	s.mu.Unlock()
}

// Requested returns the operation that is outstanding at target and should be
// cancelled, or nil. A platform calls it from CancelOperation, holding the lock
// under which it calls Arm and Disarm.
func (s *CancelSlot) Requested(target Canceler) *Operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requested && s.target == target {
		return s.op
	}
	return nil
}

// Arm tells the cancel slot of the operation, if it has one, that the operation
// is outstanding at target. A platform calls it, under a lock of its own, before
// the operation can complete. It returns false if the operation was cancelled
// before; the platform then ends the operation with [ErrCanceled] instead.
func (op *Operation) Arm(target Canceler) bool {
	return op.slot == nil || op.slot.arm(op, target)
}

func (s *CancelSlot) arm(op *Operation, target Canceler) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	reach.Sometimes(s.op != op, reach.SlotOfAnother)
	reach.Sometimes(s.op == op && s.requested, reach.CancelBeforeArm)
	switch {
	case s.op != op:
		return true // the slot belongs to another one
	case s.requested:
		return false
	}
	s.target = target
	return true
}

// isCanceled reports whether Arm would return false.
func (op *Operation) isCanceled() bool {
	s := op.slot
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.op == op && s.requested
}

// Disarm tells the cancel slot of the operation, if it has one, that the operation
// is not outstanding any more where it was armed. A platform calls it under the same
// lock, before it lets go of the operation.
func (op *Operation) Disarm() {
	if op.slot != nil {
		op.slot.disarm(op)
	}
}

func (s *CancelSlot) disarm(op *Operation) {
	s.mu.Lock()
	if s.op == op {
		s.target = nil
	}
	s.mu.Unlock()
}

type cancelable struct {
	handler Handler
	slot    *CancelSlot
}

func (c *cancelable) Complete(n int, err error) { c.handler.Complete(n, err) }
func (c *cancelable) Unwrap() Handler           { return c.handler }
func (c *cancelable) CancelSlot() *CancelSlot   { return c.slot }
