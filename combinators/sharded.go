package combinators

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Sharded keeps released blocks and hands them out again, to many goroutines, which seldom
// have to wait for each other.
//
// Use it in place of sync.Pool, and for blocks of several sizes: for the buffers of all
// goroutines of a server. Unlike a sync.Pool it has a bound, keeps its blocks when the
// garbage collector runs, and takes its storage from a parent.
//
// A request that finds a block, and its release, cost two atomic operations: 13 ns in
// examples/compare, where sync.Pool takes 12 to 15. There are at least four shards for each
// processor. The address of its stack decides which shard a goroutine uses.
//
// A shard has a place for one block of each of the smaller size classes (those of
// [Recycling]), which needs no lock. Behind a lock it has any number of blocks of any size,
// which costs some tens of nanoseconds. A released block goes to the shard of the goroutine
// that releases it. A request that finds no block there takes one from behind another
// shard's lock, or from the places next to its own, before it goes to the parent. The cost
// of that grows by one load for each 64 shards.
//
// The kept blocks have at most limit values in all. Half of them, or less, are in the
// places; the others are in any shards that need them. So the limit and GOMAXPROCS
// determine which size classes have places. With P processors, these are the smallest
// classes of which one block each fits into limit/8P values or, for some P, half of that.
//
// A block that is released when there is no room for it goes to the parent. But if an
// earlier request for its size found no block, it is kept, and blocks of other sizes go to
// the parent to make room.
//
// It is exhausted when its parent is. Before it fails, it gives all the kept blocks back
// and asks the parent once more. While other goroutines allocate and release, it may fail
// although a block that they have just released would do.
//
// Any number of goroutines may use it, but call Reset only while no other goroutine does.
// The parent is called by one goroutine at a time.
//
// It panics if the block in a place of the goroutine's shard is released again. It also
// panics if a released block has a capacity that none of its blocks has, as long as the
// parent has always given the same capacity for a size. Like Recycling, it cannot see other
// misuse.
type Sharded[T any] struct {
	parent *ThreadSafe[T]
	shards []shard[T] // a power of two
	places uint       // size classes with a place in each shard
	limit  int
	behind int // values that may be kept behind locks
	sizing *sizing
	stocks []stock // of each size class, behind locks
	clears bool

	_    [cacheLine]byte // what is above is read by all and written by nobody
	room atomic.Int64    // what is left of behind
	next atomic.Uint32   // the class that is evicted from next
}

// NewSharded returns a Sharded that keeps blocks of parent with at most limit
// values in all. It panics if limit is negative. GOMAXPROCS determines the
// number of shards.
func NewSharded[T any](parent allocator.Allocator[T], limit int) *Sharded[T] {
	capabilitiesOf(parent, "NewSharded")
	if limit < 0 {
		panic(fmt.Sprintf("combinators: NewSharded: the limit is negative: %d", limit))
	}
	a := &Sharded[T]{
		parent: NewThreadSafe(parent),
		limit:  limit,
		clears: allocator.HasPointers[T](),
	}
	count := 1
	for count < shardsPerProcessor*runtime.GOMAXPROCS(0) {
		count *= 2
	}
	inPlaces := uint(0) // values in the places of one shard when all are full
	for !needsNone[T](1) {
		most := classSize(a.places+1) - 1 // that a block of this class can have
		if inPlaces+most > uint(limit/2/count) {
			break
		}
		inPlaces += most
		a.places++
	}
	a.behind = limit - int(inPlaces)*count
	a.shards = make([]shard[T], count)
	a.sizing = newSizing(classesUpTo[T](a.behind))
	a.init()
	return a
}

// init makes all shards empty.
func (a *Sharded[T]) init() {
	a.room.Store(int64(a.behind))
	a.stocks = make([]stock, len(a.sizing.classes))
	for c := range a.stocks {
		a.stocks[c].shards = make([]atomic.Uint64, (len(a.shards)+63)/64)
	}
	for i := range a.shards {
		a.shards[i].init(a.places, len(a.stocks))
	}
}

// Allocate returns a kept block with room for n values, or one of the parent.
func (a *Sharded[T]) Allocate(n int) ([]T, error) {
	c := classOf(n)
	if c < a.places {
		if p := a.shards[a.own()].places[c].Swap(nil); p != nil {
			s := unsafe.Slice(p, a.sizing.capacity(c))
			allocator.Reissue(s)
			return s[:n], nil
		}
	}
	return a.miss(n, c)
}

// Deallocate keeps s for later if there is room for it.
func (a *Sharded[T]) Deallocate(s []T) {
	c := floorClass(cap(s))
	if c >= a.places || a.sizing.capacity(c) != cap(s) {
		a.pass(s, c)
		return
	}
	vacate(s, a.clears)
	p := unsafe.SliceData(s)
	if old := a.shards[a.own()].places[c].Swap(p); old != nil {
		a.displaced(s, old, c)
	}
}

// Resize makes s longer or shorter in place, if a request for n values gets a
// block like it.
func (a *Sharded[T]) Resize(s []T, n int) ([]T, bool) {
	if !a.sizing.fits(n, cap(s)) {
		return nil, false
	}
	return refit(s, n, a.clears), true
}

// Owns reports whether the parent owns s.
func (a *Sharded[T]) Owns(s []T) bool { return a.parent.Owns(s) }

// GoodSize returns the size of the blocks that serve n values.
func (a *Sharded[T]) GoodSize(n int) int {
	if c := classOf(n); c < uint(len(a.stocks)) {
		n = int(classSize(c))
	}
	return a.parent.GoodSize(n)
}

// Trim gives all kept blocks back to the parent and trims it.
func (a *Sharded[T]) Trim() {
	a.giveBack()
	a.parent.Trim()
}

// Reset releases all blocks. It panics if the parent cannot be reset.
func (a *Sharded[T]) Reset() {
	a.parent.Reset()
	a.init()
}

// Capable implements [allocator.Conditional]. Owns and Reset work if they do
// for the parent.
func (a *Sharded[T]) Capable(c allocator.Capability) bool { return a.parent.can.capable(c) }

// Parents implements [allocator.Composite].
func (a *Sharded[T]) Parents() []any { return a.parent.Parents() }

// String returns the expression that builds the allocator.
func (a *Sharded[T]) String() string {
	return fmt.Sprintf("Sharded(%s, %d)", allocator.Describe(a.parent.parent), a.limit)
}

// miss serves a request that finds no block in its place.
func (a *Sharded[T]) miss(n int, c uint) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if err := allocator.CheckSize[T](n); err != nil {
		return nil, err
	}
	size := n
	if c < uint(len(a.stocks)) {
		if s := a.find(a.sizing.serving(c)); s != nil {
			return s[:n], nil
		}
		size = int(classSize(c))
	}
	s, err := a.parent.Allocate(size)
	if err != nil && errors.Is(err, allocator.ErrExhausted) && a.giveBack() {
		s, err = a.parent.Allocate(size)
	}
	if err != nil {
		return nil, err
	}
	a.sizing.learn(c, cap(s))
	if filed := floorClass(cap(s)); filed < uint(len(a.stocks)) {
		a.stocks[filed].missed.Add(1)
	}
	return s[:n], nil
}

// pass releases a block that has no place.
func (a *Sharded[T]) pass(s []T, c uint) {
	switch {
	case cap(s) == 0:
	case a.sizing.keeps(c, cap(s)):
		vacate(s, a.clears)
		a.release(s, c)
	default:
		mustStray(a.sizing, a, s)
		a.parent.Deallocate(s)
	}
}

// displaced releases a block whose place s has taken.
func (a *Sharded[T]) displaced(s []T, old *T, c uint) {
	if old == unsafe.SliceData(s) {
		panic(allocator.Misuse(a, s, freedTwice))
	}
	a.release(unsafe.Slice(old, cap(s)), c)
}
