package proptest

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Watch returns an allocator that passes on to parent, for one chain, and tells
// the ledger of the chain. If parent is nil it has memory of its own, which is
// poisoned when it is released and looked at once more when the run is over.
//
// Every call touches ordinary memory of the allocator, so that the race
// detector reports two calls that nothing orders.
func Watch[T any](c *Chain, parent allocator.Allocator[T]) allocator.Allocator[T] {
	name := fmt.Sprintf("the allocator of %s of chain %s", reflect.TypeFor[T](), c.name)
	if parent != nil {
		name = allocator.Describe(parent)
	}
	return watch(c.ledger, c, parent, name)
}

// watched is an allocator that tells a ledger of its calls.
type watched[T any] struct {
	ledger *Ledger
	chain  *Chain // nil: any goroutine may call it, and so it keeps no state
	id     int
	name   string
	parent allocator.Allocator[T]

	refuse  atomic.Int64 // refuse that many requests after letting `skip` pass
	skip    atomic.Int64
	touched int // calls so far: memory for the race detector to watch

	released [][]T // the memory of its own that was released last
	reach    map[uintptr]runtime.Cleanup
}

// quarantine is the number of released blocks that are kept and looked at
// again, so that a write to one of them is noticed.
const quarantine = 64

func watch[T any](l *Ledger, c *Chain, parent allocator.Allocator[T], name string) *watched[T] {
	w := &watched[T]{ledger: l, chain: c, name: name, parent: parent}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := allocatorState{name: name}
	if c != nil {
		s.chain = c.id
		before := c.inspect
		c.inspect = func() { before(); w.inspect(w.released) }
	}
	l.arbiter.allocators = append(l.arbiter.allocators, s)
	w.id = len(l.arbiter.allocators)
	return w
}

func (w *watched[T]) event(kind eventKind, g uint64) event {
	return event{kind: kind, goroutine: g, allocator: w.id}
}

// failNext makes the allocator refuse n requests, after letting skip pass.
func (w *watched[T]) failNext(skip, n int) {
	raceOff()
	w.skip.Store(int64(skip))
	w.refuse.Store(int64(n))
	raceOn()
}

// refuses reports whether a request is to be refused.
func (w *watched[T]) refuses() bool {
	if w.refuse.Load() <= 0 { // without an edge if nothing was stored since the beginning
		return false
	}
	raceOff()
	defer raceOn()
	return w.skip.Add(-1) < 0 && w.refuse.Add(-1) >= 0
}

// Allocate returns a block of the parent, or one of its own.
func (w *watched[T]) Allocate(n int) ([]T, error) {
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
	e.block, e.size = extent(s)
	w.ledger.record(e)
	if w.ledger.gave(e.block) {
		// The platform would spoil its own queues with it, and might go round
		// in them without end.
		return nil, fmt.Errorf("proptest: %w: %s has handed out memory of an operation that the backend has, which the ledger reports", allocator.ErrExhausted, w.name)
	}
	return s, nil
}

// Deallocate releases a block.
func (w *watched[T]) Deallocate(s []T) {
	g := w.ledger.goroutine()
	e := w.event(eventRelease, g)
	e.block, e.size = extent(s)
	w.ledger.record(e)
	w.touch()
	w.release(s)
	e.kind = eventReleased
	w.ledger.record(e)
}

// String returns what the allocator is called in messages.
func (w *watched[T]) String() string { return w.name }

// touch writes to memory that belongs to the chain.
func (w *watched[T]) touch() {
	if w.chain != nil {
		w.touched++
	}
}

func (w *watched[T]) obtain(n int) ([]T, error) {
	if w.parent != nil {
		return w.parent.Allocate(n)
	}
	s, err := allocator.Heap[T]{}.Allocate(n)
	if err == nil && w.chain != nil && w.ledger.gc && cap(s) != 0 {
		block, _ := extent(s)
		if w.reach == nil {
			w.reach = make(map[uintptr]runtime.Cleanup)
		}
		lost := w.event(eventCollected, 0)
		lost.block = block
		w.reach[block] = runtime.AddCleanup(unsafe.SliceData(s), w.ledger.record, lost)
	}
	return s, err
}

func (w *watched[T]) release(s []T) {
	if cap(s) == 0 {
		return
	}
	if w.parent != nil {
		w.parent.Deallocate(s)
		return
	}
	s = s[:cap(s)]
	poison(s)
	if w.chain == nil {
		return
	}
	block, _ := extent(s)
	if c, ok := w.reach[block]; ok {
		c.Stop()
		delete(w.reach, block)
	}
	if w.released = append(w.released, s); len(w.released) == 2*quarantine {
		w.inspect(w.released[:quarantine])
		w.released = append(w.released[:0], w.released[quarantine:]...)
	}
}

// inspect looks at blocks that were released and not handed out since.
func (w *watched[T]) inspect(blocks [][]T) {
	for _, s := range blocks {
		if !poisoned(s) {
			e := w.event(eventWritten, w.ledger.goroutine())
			e.block, e.size = extent(s)
			w.ledger.record(e)
			poison(s)
		}
	}
}

// poison makes the contents of a released block useless. Storage for a T with
// pointers must hold no stale or wild ones, so it is cleared.
func poison[T any](s []T) {
	if allocator.HasPointers[T]() {
		clear(s)
		return
	}
	for i := range bytesOf(s) {
		bytesOf(s)[i] = poisonByte
	}
}

const poisonByte = 0xDB

func poisoned[T any](s []T) bool {
	want := byte(poisonByte)
	if allocator.HasPointers[T]() {
		want = 0
	}
	for _, b := range bytesOf(s) {
		if b != want {
			return false
		}
	}
	return true
}

// bytesOf returns the memory of a block.
func bytesOf[T any](s []T) []byte {
	_, size := extent(s)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), size)
}

// extent returns where a block starts and how many bytes it has; a block
// without bytes starts nowhere.
func extent[T any](s []T) (block, size uintptr) {
	var zero T
	size = uintptr(cap(s)) * unsafe.Sizeof(zero)
	if size == 0 {
		return 0, 0
	}
	return uintptr(unsafe.Pointer(unsafe.SliceData(s))), size
}

func isExhausted(err error) bool { return errors.Is(err, allocator.ErrExhausted) }
