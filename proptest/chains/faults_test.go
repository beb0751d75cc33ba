package chains

import (
	"slices"
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// falsified is a layer between what the ledger sees and the engine: a handler that
// passes on what it is not told to falsify.
type falsified struct {
	ops.Handler
	alloc    allocator.Allocator[ops.Operation]
	complete func(n int, err error)
	abandon  func()
	unwrap   func() ops.Handler
}

func (f *falsified) Complete(n int, err error) {
	if f.complete != nil {
		f.complete(n, err)
		return
	}
	f.Handler.Complete(n, err)
}

func (f *falsified) Unwrap() ops.Handler {
	if f.unwrap != nil {
		return f.unwrap()
	}
	return f.Handler
}

func (f *falsified) Abandon() {
	if f.abandon != nil {
		f.abandon()
	}
}

func (f *falsified) Allocator() allocator.Allocator[ops.Operation] { return f.alloc }

// source is an allocator that passes on what it is not told to falsify.
type source struct {
	allocator.Allocator[ops.Operation]
	allocate   func(n int) ([]ops.Operation, error)
	deallocate func(s []ops.Operation)
}

func (a *source) Allocate(n int) ([]ops.Operation, error) {
	if a.allocate != nil {
		return a.allocate(n)
	}
	return a.Allocator.Allocate(n)
}

func (a *source) Deallocate(s []ops.Operation) {
	if a.deallocate != nil {
		a.deallocate(s)
		return
	}
	a.Allocator.Deallocate(s)
}

// falsify returns a wrapper that falsifies the handlers that have an allocator,
// and leaves the others as they are.
func falsify(with func(f *falsified, a *source)) func(ops.Handler) ops.Handler {
	return func(h ops.Handler) ops.Handler {
		inner := ops.AllocatorOf[ops.Operation](h, nil)
		if inner == nil {
			return h
		}
		f, a := &falsified{Handler: h}, &source{Allocator: inner}
		f.alloc = a
		with(f, a)
		return f
	}
}

// chainOf returns the chain that h belongs to.
func chainOf(h ops.Handler) *chainRun {
	for {
		switch x := h.(type) {
		case *entry:
			return x.chain
		case ops.Unwrapper:
			h = x.Unwrap()
		default:
			return nil
		}
	}
}

// reluctant is a layer over a backend that lets go of a cancelled operation
// only in the next poll, as a kernel does that works on it by itself.
type reluctant struct {
	backend.Backend
	proactor *platform.Proactor

	mu      sync.Mutex
	pending []canceled
}

// A canceled is an operation that was cancelled and is still to be completed.
type canceled struct {
	op      *ops.Operation // nil when another one has its memory
	begun   bool           // it is being completed
	dropped bool           // it must not be: somebody has lied about it
}

func (b *reluctant) Start(s *backend.Socket, op *ops.Operation) bool {
	b.mu.Lock()
	if i := b.find(op); i >= 0 && b.pending[i].begun {
		b.pending[i].op = nil // what is completed is not started again
	}
	b.mu.Unlock()
	return !b.has(op) && b.Backend.Start(s, op) // an event may be late for it
}

// find returns where an operation is in pending, or -1. The caller holds the lock.
func (b *reluctant) find(op *ops.Operation) int {
	return slices.IndexFunc(b.pending, func(c canceled) bool { return c.op == op })
}

// has reports whether the operation was cancelled and is still to be completed.
func (b *reluctant) has(op *ops.Operation) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.find(op)
	return i >= 0 && !b.pending[i].dropped
}

func (b *reluctant) Cancel(s *backend.Socket, op *ops.Operation) bool {
	if b.has(op) || !b.Backend.Cancel(s, op) {
		return false
	}
	b.mu.Lock()
	b.pending = append(b.pending, canceled{op: op})
	b.mu.Unlock()
	b.Wake()
	return false
}

// drop makes sure that an operation that was cancelled is not completed, and
// reports whether it was to be.
func (b *reluctant) drop(op *ops.Operation) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.find(op)
	if i < 0 || b.pending[i].begun {
		return false
	}
	b.pending[i].dropped = true
	return true
}

func (b *reluctant) Poll(wait time.Duration) {
	b.mu.Lock()
	if len(b.pending) > 0 {
		wait = 0
	}
	b.mu.Unlock()
	b.Backend.Poll(wait)
	b.mu.Lock()
	due := len(b.pending)
	for i := range due {
		b.pending[i].begun = true
	}
	b.mu.Unlock()
	for range due {
		b.mu.Lock()
		first := b.pending[0]
		b.mu.Unlock()
		if !first.dropped {
			first.op.Err = ops.ErrCanceled
			b.proactor.Host().Completed(first.op)
		}
		// Only now: it may be cancelled once more until it has ended.
		b.mu.Lock()
		b.pending = slices.Delete(b.pending, 0, 1)
		b.mu.Unlock()
	}
}

// simplest names the backend that faults are planted over, where the system has
// it: one that leaves nothing to the kernel or to a goroutine which the fault
// could spoil for it.
var simplest = func() platform.Option {
	for _, name := range []string{"epoll", "kqueue"} {
		if slices.Contains(platform.Backends(), name) {
			return platform.WithBackend(name)
		}
	}
	return platform.WithBackend("portable")
}()

func openSimplest(options ...platform.Option) (*platform.Proactor, error) {
	return platform.New(append([]platform.Option{simplest}, options...)...)
}

// openReluctant makes a proactor with a reluctant backend below the ledger's
// layer, and one above it that over makes.
func openReluctant(over func(b backend.Backend, below *reluctant) backend.Backend) Opener {
	return func(options ...platform.Option) (*platform.Proactor, error) {
		r := &reluctant{}
		all := []platform.Option{simplest, platform.WithLayer(func(b backend.Backend) backend.Backend {
			r.Backend = b
			return r
		})}
		all = append(all, options...)
		if over != nil {
			all = append(all, platform.WithLayer(func(b backend.Backend) backend.Backend { return over(b, r) }))
		}
		p, err := platform.New(all...)
		r.proactor = p
		return p, err
	}
}

// A liar is a layer over a backend that falsifies what it is told to.
type liar struct {
	backend.Backend
	start    func(s *backend.Socket, op *ops.Operation) bool
	cancel   func(s *backend.Socket, op *ops.Operation) bool
	shutdown func()
}

func (b *liar) Start(s *backend.Socket, op *ops.Operation) bool {
	if b.start != nil {
		return b.start(s, op)
	}
	return b.Backend.Start(s, op)
}

func (b *liar) Cancel(s *backend.Socket, op *ops.Operation) bool {
	if b.cancel != nil {
		return b.cancel(s, op)
	}
	return b.Backend.Cancel(s, op)
}

func (b *liar) Shutdown() {
	if b.shutdown != nil {
		b.shutdown()
	}
	b.Backend.Shutdown()
}

// openMoving makes a proactor whose backend works on copies of the operations.
func openMoving(options ...platform.Option) (*platform.Proactor, error) {
	return platform.New(append(options, platform.WithLayer(func(b backend.Backend) backend.Backend {
		l := &liar{Backend: b}
		l.start = func(s *backend.Socket, op *ops.Operation) bool {
			copied := *op
			done := b.Start(s, &copied)
			*op = copied
			return done
		}
		return l
	}))...)
}
