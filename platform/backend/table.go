package backend

import (
	"sync"
	"sync/atomic"
)

// A Table keeps what a backend has for its sockets, an S for each, by index. The
// kernel is given the index, and never a pointer. An S that is taken out of use stays in
// the table and is used again. So an old index leads to something valid, but other means
// must tell whether that is still the same socket.
//
// The zero value is ready. Any goroutine may use it.
type Table[S any] struct {
	first atomic.Pointer[[small]S]
	pages atomic.Pointer[[]*[large]S]

	mu   sync.Mutex
	used uint32   // indices given out so far
	free []uint32 // last in, first out: what was used last is in the caches
}

// The first few are made together, and then many at a time. Those lie side by side,
// and the Go heap adds nothing to so large an object.
const (
	small = 32
	large = 1024
)

// New returns an S that is not in use, and its index. The S still contains what its last
// use has left there.
func (t *Table[S]) New() (index uint32, s *S) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.free); n > 0 {
		index = t.free[n-1]
		t.free = t.free[:n-1]
		return index, t.At(index)
	}
	index = t.used
	t.used++
	switch {
	case index == 0:
		t.first.Store(new([small]S))
		// Large enough to share no line of a cache with what other tables write.
		t.free = make([]uint32, 0, 64)
	case index >= small && (index-small)%large == 0:
		var pages []*[large]S
		if p := t.pages.Load(); p != nil {
			pages = *p
		}
		pages = append(pages[:len(pages):len(pages)], new([large]S))
		t.pages.Store(&pages)
	}
	return index, t.At(index)
}

// Free takes the S with the index out of use.
func (t *Table[S]) Free(index uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free = append(t.free, index)
}

// At returns the S with the index, which New has returned before.
func (t *Table[S]) At(index uint32) *S {
	if index < small {
		return &t.first.Load()[index]
	}
	index -= small
	return &(*t.pages.Load())[index/large][index%large]
}
