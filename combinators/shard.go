package combinators

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// shardsPerProcessor is large, so that two goroutines that run at the same time
// seldom have the same shard.
const shardsPerProcessor = 4

const cacheLine = 64

// A shard is the part of a [Sharded] that some goroutines use.
type shard[T any] struct {
	places []atomic.Pointer[T] // a free block of each of the smaller classes
	room   *atomic.Int64       // values that may be kept behind the locks of all shards
	mu     sync.Mutex
	kept   *Recycling[T]
	_      [cacheLine]byte // two shards never share a cache line
}

// init makes an empty shard.
func (s *shard[T]) init(parent allocator.Allocator[T], places uint, limit int, room *atomic.Int64) {
	const line = cacheLine / unsafe.Sizeof(uintptr(0))
	s.places = make([]atomic.Pointer[T], places, (places/uint(line)+2)*uint(line))
	s.kept = NewRecycling(parent, limit)
	s.room = room
}

// release releases a block to those behind the lock if there is room for it,
// and otherwise to the parent. It is false if it sees that the block is free.
func (s *shard[T]) release(block []T) bool {
	s.mu.Lock()
	defer s.mu.Unlock() // the parent may panic
	c := classOf(cap(block))
	if c >= uint(len(s.kept.classes)) {
		s.kept.pass(block, c)
		return true
	}
	class := &s.kept.classes[c]
	if last := len(class.free) - 1; last >= 0 && class.free[last] == unsafe.SliceData(block) {
		return false
	}
	size := int64(class.size)
	if s.room.Add(-size) < 0 {
		s.room.Add(size)
		s.kept.pass(block, c)
		return true
	}
	s.kept.Deallocate(block)
	return true
}

// allocate returns a block of the parent. As in a Recycling, blocks of other
// sizes make room for it.
func (s *shard[T]) allocate(n int) ([]T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := classOf(n); c < uint(len(s.kept.classes)) && s.room.Load() < int64(s.kept.classes[c].size) {
		s.evict(s.kept.classes[c].size)
	}
	// It may be a block that was released meanwhile, and a parent that is
	// exhausted gets all of them.
	before := s.kept.room
	defer func() { s.room.Add(int64(s.kept.room - before)) }()
	return s.kept.Allocate(n)
}

// take returns a block from behind the lock, or nil if there is none.
func (s *shard[T]) take(n int) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hit(n)
}

// steal returns a block from anywhere in the shard if there is one and nobody
// holds the lock, and otherwise nil.
func (s *shard[T]) steal(n int) []T {
	if c := classOf(n); c < uint(len(s.places)) && s.places[c].Load() != nil {
		if p := s.places[c].Swap(nil); p != nil {
			block := unsafe.Slice(p, n)
			allocator.Reissue(block)
			return block
		}
	}
	if !s.mu.TryLock() {
		return nil
	}
	defer s.mu.Unlock()
	return s.hit(n)
}

// hit is take for one who holds the lock.
func (s *shard[T]) hit(n int) []T {
	c := classOf(n)
	if c >= uint(len(s.kept.classes)) || len(s.kept.classes[c].free) == 0 {
		return nil
	}
	s.room.Add(int64(s.kept.classes[c].size))
	block, _ := s.kept.Allocate(n)
	return block
}

// evict gives blocks from behind the lock to the parent, of so many values if
// there are. The caller holds the lock.
func (s *shard[T]) evict(n int) {
	before := s.kept.room
	s.kept.evict(min(before+n, s.kept.limit))
	s.room.Add(int64(s.kept.room - before))
}

// empty gives all blocks back to the parent.
func (s *shard[T]) empty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evict(s.kept.limit)
	for c := range s.places {
		if p := s.places[c].Swap(nil); p != nil {
			block := unsafe.Slice(p, classSize(uint(c)))
			allocator.Reissue(block)
			s.kept.pass(block, uint(c))
		}
	}
}

// bitsOfAddress is the width of the hash of a stack's place.
const bitsOfAddress = 64

// shard returns the shard of the calling goroutine. Which one that is may
// change as the stack grows, so it is a hint where to look first and no more.
//
// Where unsafe.Pointer is checked, as in a build with -asan, here would be on
// the heap.
//
//go:nocheckptr
func (a *Sharded[T]) shard() *shard[T] {
	var here byte
	// The smallest stacks have 2 KiB, and lie side by side.
	place := uint64(uintptr(unsafe.Pointer(&here))) >> 11
	return &a.shards[place*0x9e3779b97f4a7c15>>(a.shift&63)&uint64(len(a.shards)-1)]
}
