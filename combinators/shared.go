package combinators

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
)

// Shared counts the references to blocks of its parent, and releases a block
// with its last reference.
//
// Use it for a buffer that is written to many connections: each write has a
// reference, and the write that ends last releases the block. It is not an
// [allocator.Allocator], because a [Ref] is not a block. A Ref to a released
// block is never mistaken for a Ref to a later block with the same storage.
//
// A block costs what the parent costs, and a mutex at both ends of its life.
// Retain and Release cost an atomic operation each, and Values a load. The
// count of a block takes a few words on the Go heap, which are used again for
// another block, so a steady state allocates nothing. Trim drops the counts
// that are not in use.
//
// It is exhausted when its parent is.
//
// It is safe for concurrent use if its parent is. If several goroutines release
// references, put a [ThreadSafe] or a [Sharded] below. The goroutine that
// releases the last reference calls the parent. Everything that the others did
// before they released theirs happens before that call. The program itself must
// order writes to a shared block.
//
// It panics with a [*allocator.MisuseError] if a reference is used or released
// after the last one was.
type Shared[T any] struct {
	_      noCopy
	parent allocator.Allocator[T]
	trim   func()

	mu    sync.Mutex
	spare *sharedBlock[T]
}

// A Ref is a reference to a block of a [Shared]. A copy of a Ref is the same
// reference, so call Retain for each further holder. The zero Ref refers to
// nothing.
type Ref[T any] struct {
	block      *sharedBlock[T]
	generation uint32
}

// A sharedBlock is a block and the count of its references.
type sharedBlock[T any] struct {
	state  atomic.Uint64 // the generation, and in the lower half the count
	values []T
	owner  *Shared[T]
	next   *sharedBlock[T] // among those to be used again
}

// NewShared returns a Shared for blocks of parent.
func NewShared[T any](parent allocator.Allocator[T]) *Shared[T] {
	can := capabilitiesOf(parent, "NewShared")
	return &Shared[T]{parent: parent, trim: can.trim}
}

// Allocate returns the first reference to a block of n values. It fails if the
// parent does.
func (a *Shared[T]) Allocate(n int) (Ref[T], error) {
	s, err := a.parent.Allocate(n)
	if err != nil {
		return Ref[T]{}, err
	}
	return a.Share(s), nil
}

// Share returns the first reference to the block s, which the parent handed out
// and the caller has filled. From then on the block belongs to its references.
func (a *Shared[T]) Share(s []T) Ref[T] {
	a.mu.Lock()
	b := a.spare
	if b != nil {
		a.spare, b.next = b.next, nil
	}
	a.mu.Unlock()
	if b == nil {
		b = &sharedBlock[T]{owner: a}
	}
	b.values = s
	generation := uint32(b.state.Load() >> 32)
	b.state.Store(uint64(generation)<<32 | 1)
	return Ref[T]{b, generation}
}

// Trim drops the counts that are not in use, and trims the parent.
func (a *Shared[T]) Trim() {
	a.mu.Lock()
	a.spare = nil
	a.mu.Unlock()
	a.trim()
}

// Parents implements [allocator.Composite].
func (a *Shared[T]) Parents() []any { return []any{a.parent} }

// String returns the expression that builds it.
func (a *Shared[T]) String() string { return "Shared(" + allocator.Describe(a.parent) + ")" }

// Values returns the values of the block, for as long as the caller has a
// reference. The slice has no room beyond its length, so an append copies it.
func (r Ref[T]) Values() []T {
	if r.block == nil || !r.refers(r.block.state.Load()) {
		r.misuse("used after its last reference was released")
	}
	s := r.block.values
	return s[:len(s):len(s)]
}

// Retain counts one more reference, for one more Release, and returns r. The
// caller must have a reference that is not released yet.
func (r Ref[T]) Retain() Ref[T] {
	for r.block != nil {
		state := r.block.state.Load()
		if !r.refers(state) {
			break
		}
		if uint32(state) == math.MaxUint32 {
			r.misuse("retained too often")
		}
		if r.block.state.CompareAndSwap(state, state+1) {
			return r
		}
	}
	r.misuse("retained after its last reference was released")
	return r
}

// Release releases a reference. With the last one the parent gets the block
// back.
func (r Ref[T]) Release() {
	for r.block != nil {
		state := r.block.state.Load()
		if !r.refers(state) {
			break
		}
		if r.block.state.CompareAndSwap(state, state-1) {
			if uint32(state) == 1 {
				r.block.release(state)
			}
			return
		}
	}
	r.misuse("released more often than retained")
}

// refers reports whether a block in that state is the one that r refers to, and
// has a reference.
func (r Ref[T]) refers(state uint64) bool {
	return uint32(state>>32) == r.generation && uint32(state) != 0
}

func (r Ref[T]) misuse(problem string) {
	if r.block == nil {
		panic(allocator.Misuse[T](r, nil, "a reference to nothing"))
	}
	// Which block it was is not known any more; the present one is another's.
	panic(allocator.Misuse[T](r.block.owner, nil, problem))
}

// release gives the block back to the parent. If the parent panics, the block has
// its last reference again.
func (b *sharedBlock[T]) release(state uint64) {
	a, s := b.owner, b.values
	released := false
	defer func() {
		if !released {
			b.values = s
			b.state.Store(state)
		}
	}()
	b.values = nil
	a.parent.Deallocate(s)
	released = true
	if uint32(state>>32) == math.MaxUint32 {
		return // or the next generation would be the first one again
	}
	b.state.Store(uint64(state>>32+1) << 32)
	a.mu.Lock()
	b.next, a.spare = a.spare, b
	a.mu.Unlock()
}
