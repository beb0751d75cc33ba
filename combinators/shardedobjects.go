package combinators

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// ShardedObjects is [Objects] for many goroutines, which seldom have to wait for each
// other.
//
// Use it in place of sync.Pool where the values must survive a garbage collection, be
// closed when they are dropped, or be bounded in number.
//
// A Get that finds a value costs two atomic operations, including its Put: 1.4 times what
// sync.Pool costs on one goroutine, and 1.2 times on two (BenchmarkObjects). There are at
// least four shards for each processor, but no more than half of the limit. The address of
// its stack decides which shard a goroutine uses. A shard has a place for one value, which
// needs no lock, and any number of others behind a lock, which costs some tens of
// nanoseconds. A Get that finds nothing in its shard looks at all other shards, for a
// nanosecond or two each, before it calls the constructor. At most limit values are kept.
//
// It is never exhausted. Get returns whatever the constructor returns, so a constructor
// that can fail may return nil.
//
// Any number of goroutines may use it. The constructor, OnPut and OnDrop are called on the
// goroutine that calls Get, Put or Trim, several at a time, and never while a lock is held.
//
// It panics if the value in the place of its shard is put back again. In a build with -race
// or -asan, a use of a value that was put back is reported. It cannot see other misuse: a
// value that is put back twice is handed out twice.
type ShardedObjects[T any] struct {
	// OnPut and OnDrop are those of Objects. Set them before the first use.
	OnPut  func(v *T) (keep bool)
	OnDrop func(v *T)

	construct func() *T
	limit     int
	shards    []objectShard[T] // a power of two, or none

	_      [cacheLine]byte // what is above is read by all and written by nobody
	behind atomic.Int64    // values that are kept behind the locks of all shards
}

// An objectShard is the part of a ShardedObjects that some goroutines use.
type objectShard[T any] struct {
	hand atomic.Pointer[T]
	mu   sync.Mutex
	more []*T            // the last one that was put back is the last one
	kept atomic.Int32    // how many those are
	_    [cacheLine]byte // two shards never share a cache line
}

// NewShardedObjects returns a ShardedObjects that keeps at most limit values
// made by construct. It panics if construct is nil or limit is negative.
// GOMAXPROCS and limit determine the number of shards.
func NewShardedObjects[T any](construct func() *T, limit int) *ShardedObjects[T] {
	checkObjects(construct, limit, "NewShardedObjects")
	count := 0
	if limit > 0 {
		count = 1
	}
	for 0 < count && count < shardsPerProcessor*runtime.GOMAXPROCS(0) && count <= limit/4 {
		count *= 2
	}
	return &ShardedObjects[T]{
		construct: construct,
		limit:     limit,
		shards:    make([]objectShard[T], count),
	}
}

// Get returns a value that was put back, or one that it constructs.
func (o *ShardedObjects[T]) Get() *T {
	if i := o.home(); i < uint(len(o.shards)) {
		if v := o.shards[i].hand.Swap(nil); v != nil {
			allocator.Reissue(unsafe.Slice(v, 1))
			return v
		}
	}
	return o.miss()
}

// Put keeps a value for a later Get. The caller must not use it any more. It
// need not come from Get. A nil v is ignored.
func (o *ShardedObjects[T]) Put(v *T) {
	if v == nil {
		return
	}
	if o.OnPut != nil && !o.OnPut(v) {
		o.drop(v)
		return
	}
	i := o.home()
	if i >= uint(len(o.shards)) {
		o.drop(v)
		return
	}
	allocator.Retire(unsafe.Slice(v, 1))
	s := &o.shards[i]
	if old := s.hand.Swap(v); old != nil {
		o.displaced(s, old, v)
	}
}

// Trim drops the values that are kept.
func (o *ShardedObjects[T]) Trim() {
	for i := range o.shards {
		s := &o.shards[i]
		for v := o.get(s); v != nil; v = o.get(s) {
			o.drop(v)
		}
		s.mu.Lock()
		if len(s.more) == 0 {
			s.more = nil
		}
		s.mu.Unlock()
	}
}

// String returns the expression that builds it.
func (o *ShardedObjects[T]) String() string {
	return fmt.Sprintf("ShardedObjects(%s, %d)", constructorName(o.construct), o.limit)
}

// home returns the number of the shard of the calling goroutine, a hint where
// to look first. It is beyond all shards if there are none.
func (o *ShardedObjects[T]) home() uint { return uint(homeOf(len(o.shards))) }

// miss looks for a value beyond the one at hand.
func (o *ShardedObjects[T]) miss() *T {
	home := o.home()
	for i := range o.shards {
		if v := o.get(&o.shards[(home+uint(i))&uint(len(o.shards)-1)]); v != nil {
			return v
		}
	}
	return o.construct()
}

// get returns a value of the shard s, or nil.
func (o *ShardedObjects[T]) get(s *objectShard[T]) *T {
	v := o.pop(s)
	if v == nil && s.hand.Load() != nil {
		v = s.hand.Swap(nil)
	}
	if v != nil {
		allocator.Reissue(unsafe.Slice(v, 1))
	}
	return v
}

// pop returns a value from behind the lock of s, or nil.
func (o *ShardedObjects[T]) pop(s *objectShard[T]) *T {
	if s.kept.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.more) - 1
	if last < 0 {
		return nil
	}
	v := s.more[last]
	s.more[last] = nil
	s.more = s.more[:last]
	s.kept.Add(-1)
	o.behind.Add(-1)
	return v
}

// displaced keeps a value whose place the value by has taken behind the lock of
// s, if there is room.
func (o *ShardedObjects[T]) displaced(s *objectShard[T], v, by *T) {
	if v == by {
		putTwice(o, v)
	}
	if o.behind.Add(1) > int64(o.limit-len(o.shards)) {
		o.behind.Add(-1)
		allocator.Reissue(unsafe.Slice(v, 1))
		o.drop(v)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.more = append(s.more, v)
	s.kept.Add(1)
}

func (o *ShardedObjects[T]) drop(v *T) {
	if o.OnDrop != nil {
		o.OnDrop(v)
	}
}
