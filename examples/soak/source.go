package main

import (
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// A source is an allocator for any number of goroutines with two that keep the
// books: Checked on its outside knows what its users have, and Stats, next to
// the heap, what it has itself.
type source[T any] struct {
	allocator.Allocator[T] // for users: checked, or a layer over it

	checked *combinators.Checked[T]
	stats   *combinators.Stats[T] // nil: it may lose blocks to the garbage collector
}

// keep is how many values a source keeps for later. It is less than what many
// connections use at once, so that blocks come from the heap and go back all
// the time.
const keep = 1 << 10

// held is how many released blocks a source holds back, to see who writes to
// them.
const held = 256

func newSource[T any](t *trial, build func(heap allocator.Allocator[T]) allocator.Allocator[T]) *source[T] {
	s := &source[T]{stats: combinators.NewStats(allocator.Heap[T]{})}
	s.checked = combinators.NewChecked(build(s.stats))
	s.checked.Quarantine = held
	s.checked.Report = func(e *allocator.MisuseError) { t.violated("%v", e) }
	s.Allocator = s.checked
	return s
}

// close tells of the blocks that were not released, and returns how many they
// are.
func (s *source[T]) close(all *tally) int {
	leaks := 0
	if err, ok := s.checked.Close().(interface{ Unwrap() []error }); ok {
		for _, leak := range err.Unwrap() {
			leaks++
			all.found(leak.Error())
		}
	}
	s.checked.Trim()
	if s.stats != nil {
		leaks = max(leaks, int(s.stats.Counts().Live))
	}
	return leaks
}

// operationSources returns the allocators of the operations. Chains take turns
// at them.
func operationSources(t *trial) []*source[ops.Operation] {
	type parent = allocator.Allocator[ops.Operation]
	sources := []*source[ops.Operation]{
		newSource(t, func(heap parent) parent {
			return combinators.NewThreadSafe(combinators.NewRecycling(heap, keep))
		}),
		newSource(t, func(heap parent) parent {
			return combinators.NewSharded(heap, keep)
		}),
		newSource(t, func(heap parent) parent {
			// Checked asks again, so one request in 196 fails.
			return combinators.NewFailingRandomly(combinators.NewThreadSafe(combinators.NewRecycling(heap, keep)), 1./14, t.seed)
		}),
		newSource(t, func(heap parent) parent {
			slab := combinators.NewSlab(heap, keep)
			return combinators.NewThreadSafe(combinators.NewFallback(slab, combinators.NewRecycling(heap, keep)))
		}),
		newSource(t, func(heap parent) parent {
			return combinators.NewThreadSafe(combinators.NewQuantizer(combinators.NewRecycling(heap, keep), func(n int) int { return n + n%2 }))
		}),
		newSource(t, func(heap parent) parent { return combinators.NewPool(heap) }),
	}
	sources[len(sources)-1].stats = nil
	if t.layer != nil {
		for _, s := range sources {
			s.Allocator = t.layer(s.checked)
		}
	}
	return sources
}

// bufferSources returns the allocators of the buffers.
func bufferSources(t *trial) []*source[byte] {
	type parent = allocator.Allocator[byte]
	return []*source[byte]{
		newSource(t, func(heap parent) parent {
			return combinators.NewThreadSafe(combinators.NewRecycling(heap, keep*maxBuffer/2))
		}),
		newSource(t, func(heap parent) parent {
			return combinators.NewGuarded(combinators.NewSharded(heap, keep*maxBuffer/2), 32)
		}),
	}
}

// sessionSource returns the allocator of the server's sessions. In every other
// trial a session is handed out again as soon as it was released; in the others
// it is held back first, to see whether anybody writes to it.
func sessionSource(t *trial) *source[session] {
	s := newSource(t, func(heap allocator.Allocator[session]) allocator.Allocator[session] {
		return combinators.NewThreadSafe(combinators.NewRecycling(heap, keep))
	})
	if t.seed%2 == 0 {
		s.checked.Quarantine = 0
	}
	return s
}
