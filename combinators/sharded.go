package combinators

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Sharded keeps released blocks and hands them out again, to many goroutines
// that seldom wait for each other.
//
// Use it where sync.Pool would be used, and for blocks of several sizes: for
// the buffers of all goroutines of a server. Other than a sync.Pool it keeps
// what it has when the garbage collector runs, within a bound, and takes its
// storage from a parent.
//
// A request that finds a block costs two atomic operations with its release,
// as sync.Pool does. There are four shards or more for each processor; a
// goroutine uses the one that the place of its stack picks. A shard has a place
// for one block of each of the smaller size classes (those of [Recycling]),
// which takes no lock, and behind a lock it has any number of any size, which
// costs some tens of nanoseconds. A block that is released goes to the shard of
// the goroutine that releases it. A request that finds none there looks through
// the other shards before it goes to the parent, so one goroutine may get what
// another releases.
//
// The kept blocks have at most limit values in all: half of them, or less, in
// the places, the others in whatever shards want them. A block that is released
// when there is no room for it goes to the parent.
//
// It is exhausted when its parent is. Before it fails, it gives all the kept
// blocks back and asks the parent once more.
//
// Any number of goroutines may use it, but Reset is for one alone. The parent
// is called by one at a time.
//
// It panics if the block that a place of its shard has is released again.
// Other misuse it cannot see, as Recycling cannot.
type Sharded[T any] struct {
	parent *ThreadSafe[T]
	shards []shard[T] // a power of two
	shift  uint
	places uint // size classes with a place in each shard
	limit  int
	behind int // values that may be kept behind locks
	clears bool

	_    [cacheLine]byte // what is above is read by all and written by nobody
	room atomic.Int64    // what is left of behind
}

// NewSharded returns a Sharded that keeps blocks of parent with at most limit
// values in all. It panics if limit is negative. GOMAXPROCS tells the number
// of shards.
func NewSharded[T any](parent allocator.Allocator[T], limit int) *Sharded[T] {
	capabilitiesOf(parent, "NewSharded")
	if limit < 0 {
		panic(fmt.Sprintf("combinators: NewSharded: the limit is negative: %d", limit))
	}
	a := &Sharded[T]{
		parent: NewThreadSafe(parent),
		shift:  bitsOfAddress,
		limit:  limit,
		clears: allocator.HasPointers[T](),
	}
	count := 1
	for count < shardsPerProcessor*runtime.GOMAXPROCS(0) {
		count *= 2
		a.shift--
	}
	inPlaces := uint(0) // values in the places of one shard when all are full
	for !needsNone[T](1) && inPlaces+classSize(a.places) <= uint(limit/2/count) {
		inPlaces += classSize(a.places)
		a.places++
	}
	a.behind = limit - int(inPlaces)*count
	a.shards = make([]shard[T], count)
	a.init()
	return a
}

// init makes all shards empty.
func (a *Sharded[T]) init() {
	a.room.Store(int64(a.behind))
	for i := range a.shards {
		a.shards[i].init(a.parent, a.places, a.behind, &a.room)
	}
}

// Allocate returns a kept block with room for n values, or one of the parent.
func (a *Sharded[T]) Allocate(n int) ([]T, error) {
	if c := classOf(n); c < a.places {
		if p := a.shard().places[c].Swap(nil); p != nil {
			s := unsafe.Slice(p, n)
			allocator.Reissue(s)
			return s, nil
		}
	}
	return a.miss(n)
}

// Deallocate keeps s for later if there is room for it.
func (a *Sharded[T]) Deallocate(s []T) {
	c := classOf(cap(s))
	if c >= a.places {
		a.release(s)
		return
	}
	vacate(s, a.clears)
	p := unsafe.SliceData(s)
	if old := a.shard().places[c].Swap(p); old != nil {
		a.displaced(s, old, c)
	}
}

// Owns reports whether the parent owns s.
func (a *Sharded[T]) Owns(s []T) bool { return a.parent.Owns(s) }

// GoodSize returns the values of a block that serves n.
func (a *Sharded[T]) GoodSize(n int) int { return a.shards[0].kept.GoodSize(n) }

// Trim gives all kept blocks back to the parent and trims it.
func (a *Sharded[T]) Trim() {
	for i := range a.shards {
		a.shards[i].empty()
	}
	a.parent.Trim()
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Sharded[T]) Reset() {
	a.parent.Reset()
	a.init()
}

// Capable reports whether Owns or Reset works, which is so if it does for the
// parent.
func (a *Sharded[T]) Capable(c allocator.Capability) bool { return a.parent.Capable(c) }

// String returns the expression that builds the allocator.
func (a *Sharded[T]) String() string {
	return fmt.Sprintf("Sharded(%s, %d)", allocator.Describe(a.parent.parent), a.limit)
}

// miss serves a request that finds no block in its place.
func (a *Sharded[T]) miss(n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	own := a.shard()
	if s := own.take(n); s != nil {
		return s, nil
	}
	for i := range a.shards {
		if s := a.shards[i].steal(n); s != nil {
			return s, nil
		}
	}
	s, err := own.allocate(n)
	if err != nil && errors.Is(err, allocator.ErrExhausted) {
		a.Trim()
		s, err = own.allocate(n)
	}
	return s, err
}

// displaced releases a block whose place s has taken.
func (a *Sharded[T]) displaced(s []T, old *T, c uint) {
	if old == unsafe.SliceData(s) {
		panic(allocator.Misuse(a, allocator.SameBlock, s, freedTwice))
	}
	block := unsafe.Slice(old, classSize(c))
	allocator.Reissue(block)
	a.release(block)
}

// release releases a block to what is behind the lock of a shard.
func (a *Sharded[T]) release(s []T) {
	if !a.shard().release(s) {
		panic(allocator.Misuse(a, allocator.SameBlock, s, freedTwice))
	}
}
