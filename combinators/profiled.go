package combinators

import (
	"io"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Profiled profiles the blocks of its parent by the code that asked for them: which calls
// hold how much memory now, and which asked for how much so far.
//
// Use it in production, to find who holds the blocks of an allocator. The heap profile of
// the Go runtime shows where the storage was made, which for a cache is a single line.
// WriteTo writes the profile in the format of go tool pprof:
//
//	http.HandleFunc("/debug/pprof/buffers", func(w http.ResponseWriter, _ *http.Request) {
//		buffers.WriteTo(w)
//	})
//
//	$ go tool pprof -top http://localhost:6060/debug/pprof/buffers
//	      flat  flat%   sum%        cum   cum%
//	   62.50MB 93.98% 93.98%    62.50MB 93.98%  main.(*session).read
//	       4MB  6.02%   100%        4MB  6.02%  main.(*room).broadcast
//
// As with a heap profile, -sample_index=inuse_objects counts live blocks, and alloc_space
// and alloc_objects count everything handed out so far. Frames of this package and of
// package allocator are left out. There is no registry of profiles, so any number of them
// can exist.
//
// It samples: a larger block is more likely to be seen, and the figures are scaled up
// accordingly, as in a heap profile. Rate sets how densely. A block that is not sampled
// costs an atomic addition and a load, a quarter of what Stats costs (BenchmarkProfiled).
// A sampled block costs its call stack, about a microsecond. It also takes a few words on
// the Go heap until it is released, and each distinct call stack takes a few hundred
// bytes for good; neither keeps a block from being collected. A steady state allocates
// nothing. It keeps no storage.
//
// It is exhausted when its parent is. Failed requests do not appear in the profile.
//
// It is safe for concurrent use if its parent is. Any goroutine may call WriteTo at any
// time. Set Rate before the first use.
//
// It does not detect misuse. A lost block stays in the profile, which is how a leak
// shows, until its storage is handed out again and sampled, or released.
type Profiled[T any] struct {
	// Rate is the average number of bytes that are handed out for each sample,
	// as in runtime.MemProfileRate. NewProfiled sets it to 512 KiB. With 1
	// every block is sampled, and with 0 none is.
	Rate int

	_ noCopy
	passing[T]
	sites *sites
}

// NewProfiled returns a Profiled over parent.
func NewProfiled[T any](parent allocator.Allocator[T]) *Profiled[T] {
	return &Profiled[T]{
		Rate:    512 << 10,
		passing: newPassing(parent, "NewProfiled"),
		sites:   newSites(),
	}
}

// Allocate asks the parent for n values.
func (a *Profiled[T]) Allocate(n int) ([]T, error) {
	s, err := a.parent.Allocate(n)
	if size := bytesOf(s); size != 0 && a.Rate > 0 && a.sites.until.Add(-size) < 0 {
		a.sites.sample(address(s), size, int64(a.Rate))
	}
	return s, err
}

// Deallocate gives s back to the parent.
func (a *Profiled[T]) Deallocate(s []T) {
	if !a.sites.maySample(address(s)) {
		a.parent.Deallocate(s)
		return
	}
	id := a.sites.find(address(s))
	a.parent.Deallocate(s) // another one may have the storage by now
	a.sites.forget(address(s), id)
}

// WriteTo writes the profile as go tool pprof reads it.
func (a *Profiled[T]) WriteTo(w io.Writer) (int64, error) {
	return writeProfile(w, a.sites.totals(), int64(a.Rate))
}

// Resize resizes s in place if the parent can. The profile then counts the new
// size for the code that allocated s.
func (a *Profiled[T]) Resize(s []T, n int) ([]T, bool) {
	r, ok := a.can.resize(s, n)
	if ok && a.sites.maySample(address(r)) {
		a.sites.resize(address(r), bytesOf(r))
	}
	return r, ok
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Profiled[T]) Reset() {
	a.can.reset()
	a.sites.forgetAll()
}

// String returns the expression that builds the allocator.
func (a *Profiled[T]) String() string { return "Profiled(" + allocator.Describe(a.parent) + ")" }

// bytesOf returns the size of a whole block.
func bytesOf[T any](s []T) int64 {
	return int64(cap(s)) * int64(unsafe.Sizeof(*new(T)))
}
