package contract

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/proptest/internal/memory"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// Watch returns an allocator over parent that records the calls of one chain in the
// chain's ledger. If parent is nil, the allocator has memory of its own. It poisons
// this memory when it is released, and the ledger checks later that nobody has
// written to it.
//
// Every call touches ordinary memory of the allocator. So the race detector reports
// two calls that nothing orders.
func Watch[T any](c *Chain, parent allocator.Allocator[T]) *Watched[T] {
	name := fmt.Sprintf("the allocator of %s of chain %s", reflect.TypeFor[T](), c.name)
	if parent != nil {
		name = allocator.Describe(parent)
	}
	return watch(c.ledger, c, parent, name)
}

// Watched is an allocator that records its calls in a ledger. [Watch] makes one.
type Watched[T any] struct {
	ledger *Ledger
	chain  *Chain // nil: any goroutine may call it, and so it keeps no state
	id     int
	name   string

	// Parent is where the memory comes from. If it is nil, the allocator has its
	// own.
	Parent allocator.Allocator[T]

	refuse  atomic.Int64 // how many requests to refuse after letting skip pass
	skip    atomic.Int64
	touched int // calls so far: memory for the race detector to watch

	released [][]T // the memory of its own that was released last
	reach    map[uintptr]runtime.Cleanup
}

// quarantine is the number of released blocks that are kept and looked at
// again, so that a write to one of them is noticed.
const quarantine = 64

func watch[T any](l *Ledger, c *Chain, parent allocator.Allocator[T], name string) *Watched[T] {
	w := &Watched[T]{ledger: l, chain: c, name: name, Parent: parent}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := allocatorState{name: name}
	if c != nil {
		s.chain = c.id
		before := c.inspect
		c.inspect = func() { before(); w.inspect(w.released) }
	}
	l.judge.allocators = append(l.judge.allocators, s)
	w.id = len(l.judge.allocators)
	return w
}

func (w *Watched[T]) event(kind eventKind, g uint64) event {
	return event{kind: kind, goroutine: g, allocator: w.id}
}

// ID returns the number of the allocator in its ledger, for an [Expectation].
func (w *Watched[T]) ID() int { return w.id }

// Named sets the name of the allocator in messages, and returns the allocator.
func (w *Watched[T]) Named(name string) *Watched[T] {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	w.name = name
	w.ledger.judge.allocators[w.id-1].name = name
	return w
}

// Refuse lets the next skip requests pass, and makes the n after them fail, each
// with an error that wraps allocator.ErrExhausted. It may be called while others
// use the allocator, and adds no happens-before edge.
func (w *Watched[T]) Refuse(skip, n int) {
	race.Off()
	w.skip.Store(int64(skip))
	w.refuse.Store(int64(n))
	race.On()
}

// refuses reports whether a request must fail.
func (w *Watched[T]) refuses() bool {
	if w.refuse.Load() <= 0 { // without an edge if nothing was stored since the beginning
		return false
	}
	race.Off()
	defer race.On()
	return w.skip.Add(-1) < 0 && w.refuse.Add(-1) >= 0
}

// Allocate returns a block of the parent, or one of its own memory.
func (w *Watched[T]) Allocate(n int) ([]T, error) {
	g := w.ledger.goroutine()
	e := w.event(eventAllocate, g)
	e.n = n
	w.ledger.record(e)
	w.touch()
	var s []T
	err := error(allocator.ErrExhausted)
	if !w.refuses() {
		s, err = w.obtain(n)
	}
	if err != nil {
		e = w.event(eventRefused, g)
		e.err, e.exhausted = err, isExhausted(err)
		w.ledger.record(e)
		return nil, err
	}
	e = w.event(eventAllocated, g)
	e.block, e.size = memory.Extent(s)
	w.ledger.record(e)
	if !w.ledger.lend(e.block) {
		// The platform would spoil its own queues with it, and might go round
		// in them without end.
		return nil, fmt.Errorf("contract: %w: %s has handed out memory that is in use, which the ledger reports", allocator.ErrExhausted, w.name)
	}
	return s, nil
}

// Deallocate releases a block.
func (w *Watched[T]) Deallocate(s []T) {
	g := w.ledger.goroutine()
	e := w.event(eventRelease, g)
	e.block, e.size = memory.Extent(s)
	w.ledger.record(e)
	w.touch()
	w.ledger.giveBack(e.block)
	w.release(s)
	e.kind = eventReleased
	w.ledger.record(e)
}

// String returns the name of the allocator in messages.
func (w *Watched[T]) String() string { return w.name }

// touch writes to memory that belongs to the chain.
func (w *Watched[T]) touch() {
	if w.chain != nil {
		w.touched++
	}
}

func (w *Watched[T]) obtain(n int) ([]T, error) {
	if w.Parent != nil {
		return w.Parent.Allocate(n)
	}
	s, err := allocator.Heap[T]{}.Allocate(n)
	if err == nil && w.chain != nil && w.ledger.Reachability && cap(s) != 0 {
		block, _ := memory.Extent(s)
		if w.reach == nil {
			w.reach = make(map[uintptr]runtime.Cleanup)
		}
		lost := w.event(eventCollected, 0)
		lost.block = block
		w.reach[block] = runtime.AddCleanup(unsafe.SliceData(s), w.ledger.record, lost)
	}
	return s, err
}

func (w *Watched[T]) release(s []T) {
	if cap(s) == 0 {
		return
	}
	if w.Parent != nil {
		w.Parent.Deallocate(s)
		return
	}
	s = s[:cap(s)]
	memory.Poison(s)
	if w.chain == nil {
		return
	}
	block, _ := memory.Extent(s)
	if c, ok := w.reach[block]; ok {
		c.Stop()
		delete(w.reach, block)
	}
	if w.released = append(w.released, s); len(w.released) == 2*quarantine {
		w.inspect(w.released[:quarantine])
		w.released = append(w.released[:0], w.released[quarantine:]...)
	}
}

// inspect checks blocks that were released and not handed out since.
func (w *Watched[T]) inspect(blocks [][]T) {
	for _, s := range blocks {
		if !memory.Poisoned(s) {
			e := w.event(eventWritten, w.ledger.goroutine())
			e.block, e.size = memory.Extent(s)
			w.ledger.record(e)
			memory.Poison(s)
		}
	}
}

func isExhausted(err error) bool { return errors.Is(err, allocator.ErrExhausted) }
