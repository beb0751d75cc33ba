package ops

import (
	"context"
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
)

// CancelOnDone binds the slot to ctx: once ctx is done, it cancels the outstanding
// operation, and every later one as soon as it is started. So a chain ends even if
// ctx is done between two of its operations, or was done before. (A handler that was
// only posted still runs.) Calling stop unbinds ctx: from then on it cancels nothing
// and does not touch the slot. Like the stop function of context.AfterFunc, it
// reports whether it came before ctx was done.
//
// The slot cancels from a goroutine of its own or, if the operation is outstanding on a
// proactor with a single runner, by a post to that. CancelOnDone allocates; call it once
// for each chain.
func (s *CancelSlot) CancelOnDone(ctx context.Context) (stop func() bool) {
	b := &boundContext{ctx: ctx, slot: s}
	s.mu.Lock()
	b.next, s.bound = s.bound, b
	s.mu.Unlock()
	stopped := context.AfterFunc(ctx, b.cancel)
	return func() bool {
		b.release()
		return stopped()
	}
}

// A boundContext is a context that a slot is bound to, and the handler that cancels
// where the operation is outstanding. A late goroutine of the context finds its memory, and
// not that of the slot.
type boundContext struct {
	ctx  context.Context
	next *boundContext // of the slot, guarded by its lock

	mu   sync.Mutex  // held while the slot is used; comes before all other locks
	slot *CancelSlot // nil once it was released
	at   Executor    // that it was posted to last
}

// cancel cancels what is outstanding. Where only the goroutines of some executor may do
// that, and the caller is none of them, it posts itself there.
func (b *boundContext) cancel() {
	if ex := b.tryCancel(); ex != nil {
		Post(ex, b)
	}
}

func (b *boundContext) tryCancel() (elsewhere Executor) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.slot != nil {
		b.at = b.slot.cancelFrom(b.at)
		return b.at
	}
	return nil
}

// cancelFrom cancels what is outstanding, on behalf of a goroutine that runs the executor
// at, or no executor if at is nil. If the cancellation has to come from another executor
// instead, it returns that one.
func (s *CancelSlot) cancelFrom(at Executor) (elsewhere Executor) {
	target, _ := s.request()
	if b, ok := target.(*Batch); ok {
		return b.cancelFrom(s, at)
	}
	if l, ok := target.(Located); ok {
		if ex := l.Executor(); ex != nil && ex != at {
			return ex
		}
	}
	if target != nil {
		target.CancelOperation(s)
	}
	return nil
}

// release lets go of the context.
func (b *boundContext) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.slot
	if s == nil {
		return
	}
	b.slot = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := &s.bound; *at != nil; at = &(*at).next {
		if *at == b {
			*at = b.next
			return
		}
	}
}

// Complete cancels, on the executor where the operation was outstanding.
func (b *boundContext) Complete(int, error) { b.cancel() }

// Allocator makes the posted operation come from the heap, because the goroutine that
// posts it is unknown to the program.
func (b *boundContext) Allocator() allocator.Allocator[Operation] { return heap }

// done reports whether a context that the slot is bound to is.
func (b *boundContext) done() bool {
	for ; b != nil; b = b.next {
		if b.ctx.Err() != nil {
			return true
		}
	}
	return false
}
