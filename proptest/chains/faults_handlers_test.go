package chains

import (
	"errors"
	"net"
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// hiding is a wrapper without Unwrap.
type hiding struct {
	handler ops.Handler
	slot    *ops.CancelSlot
}

func (h *hiding) Complete(n int, err error)   { h.handler.Complete(n, err) }
func (h *hiding) CancelSlot() *ops.CancelSlot { return h.slot }

// loseOutermost hides the outermost allocator, so that one further in is found.
func loseOutermost(h ops.Handler) ops.Handler {
	at := h
	for {
		if x, ok := at.(ops.Associated[ops.Operation]); ok && x.Allocator() != nil {
			break
		}
		u, ok := at.(ops.Unwrapper)
		if !ok {
			return h
		}
		at = u.Unwrap()
	}
	within := at.(ops.Unwrapper).Unwrap()
	if ops.AllocatorOf[ops.Operation](within, nil) == nil {
		return h
	}
	f := &falsified{Handler: h}
	f.unwrap = func() ops.Handler { return within }
	return f
}

// borrow gives a handler without an allocator that of the chain before.
func borrow() func(ops.Handler) ops.Handler {
	return func(h ops.Handler) ops.Handler {
		c := chainOf(h)
		if ops.AllocatorOf[ops.Operation](h, nil) != nil || len(c.run.chains) < 2 {
			return h
		}
		for _, other := range c.run.chains {
			if other != c {
				return ops.WithAllocator[ops.Operation](h, other.own)
			}
		}
		return h
	}
}

// forgiving is memory that accepts whatever is released.
func forgiving() allocator.Allocator[ops.Operation] {
	return &source{Allocator: allocator.Heap[ops.Operation]{}, deallocate: func([]ops.Operation) {}}
}

// withhold has an allocator keep the block that is released, until the next one
// is wanted or release is called.
func withhold(a *source) (release func()) {
	var held []ops.Operation
	release = func() {
		if held != nil {
			a.Allocator.Deallocate(held)
			held = nil
		}
	}
	a.allocate = func(n int) ([]ops.Operation, error) {
		release()
		return a.Allocator.Allocate(n)
	}
	a.deallocate = func(s []ops.Operation) { held = s }
	return release
}

func releaseLate(when func(error) bool) func(ops.Handler) ops.Handler {
	return falsify(func(f *falsified, a *source) {
		release := withhold(a)
		f.complete = func(n int, err error) {
			if when(err) {
				defer release()
			} else {
				release()
			}
			f.Handler.Complete(n, err)
		}
		f.abandon = release
	})
}

// overlapCalls lets another goroutine release the block, and calls the allocator
// meanwhile. The memory below makes sure that the two are inside together.
func overlapCalls(h ops.Handler) ops.Handler {
	return falsify(func(_ *falsified, a *source) {
		a.deallocate = func(s []ops.Operation) {
			c := chainOf(h)
			inside, leave := make(chan struct{}), make(chan struct{})
			c.own.Parent = &source{Allocator: allocator.Heap[ops.Operation]{}, deallocate: func([]ops.Operation) {
				close(inside)
				<-leave
			}}
			done := make(chan struct{})
			go c.run.ledger.Call(func() {
				defer close(done)
				c.own.Deallocate(s)
			})
			<-inside
			c.own.Allocate(0)
			close(leave)
			<-done
			c.own.Parent = allocator.Heap[ops.Operation]{}
		}
	})(h)
}

// reenter calls the allocator while the allocator asks its parent.
func reenter(h ops.Handler) ops.Handler {
	return falsify(func(_ *falsified, a *source) {
		a.allocate = func(n int) ([]ops.Operation, error) {
			own := chainOf(h).own
			parent := own.Parent.(*source)
			parent.allocate = func(n int) ([]ops.Operation, error) {
				parent.allocate = nil
				own.Allocate(0)
				return parent.Allocator.Allocate(n)
			}
			return a.Allocator.Allocate(n)
		}
	})(h)
}

// hopInAnother lets a handler that runs on the strand get there in a block of
// its own, while the operation still has the first.
func hopInAnother(h ops.Handler) ops.Handler {
	own, c := ops.AllocatorOf[ops.Operation](h, nil), chainOf(h)
	if own == nil || !c.program.Strand {
		return h
	}
	return ops.WithExecutor(h, &hop{c.run.strand, own})
}

// A hop goes to another executor in memory that it allocates.
type hop struct {
	ops.Executor
	memory allocator.Allocator[ops.Operation]
}

func (x *hop) Execute(op *ops.Operation) {
	ops.Post(x.Executor, ops.WithAllocator(ops.HandlerFunc(func(int, error) { op.Complete() }), x.memory))
}

// elsewhere calls f on a goroutine of its own.
func elsewhere(f func()) {
	var w sync.WaitGroup
	w.Go(f)
	w.Wait()
}

// abandonAll tells every layer of h that it was abandoned.
func abandonAll(h ops.Handler) {
	for h != nil {
		if a, ok := h.(ops.Abandoner); ok {
			a.Abandon()
		}
		u, ok := h.(ops.Unwrapper)
		if !ok {
			return
		}
		h = u.Unwrap()
	}
}

// callAbandoned calls abandoned handlers when the backend is shut down.
func callAbandoned() mutant {
	var abandoned []ops.Handler
	return mutant{
		clause: contract.OnceAndLater, fault: "after its operation was abandoned",
		wrap: falsify(func(f *falsified, _ *source) {
			f.abandon = func() { abandoned = append(abandoned, f.Handler) }
		}),
		open: func(options ...platform.Option) (*platform.Proactor, error) {
			abandoned = nil
			return platform.New(append(options, platform.WithLayer(func(b backend.Backend) backend.Backend {
				return &liar{Backend: b, shutdown: func() {
					for _, h := range abandoned {
						h.Complete(0, net.ErrClosed)
					}
				}}
			}))...)
		},
	}
}

// sameForAll hands the same block out to all chains.
func sameForAll() func() allocator.Allocator[ops.Operation] {
	block := make([]ops.Operation, 1)
	return func() allocator.Allocator[ops.Operation] {
		return &source{
			Allocator:  allocator.Null[ops.Operation]{},
			allocate:   func(int) ([]ops.Operation, error) { return block, nil },
			deallocate: func([]ops.Operation) { clear(block) },
		}
	}
}

func onExhaustion(complete func(f *falsified, n int, err error)) func(ops.Handler) ops.Handler {
	return falsify(func(f *falsified, _ *source) {
		f.complete = func(n int, err error) {
			if errors.Is(err, allocator.ErrExhausted) {
				complete(f, n, err)
				return
			}
			f.Handler.Complete(n, err)
		}
	})
}
