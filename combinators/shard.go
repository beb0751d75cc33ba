package combinators

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

const (
	// shardsPerProcessor is large, so that two goroutines that run at the
	// same time seldom have the same shard.
	shardsPerProcessor = 8

	// smallestShard is the number of values below which a shard's part of
	// the bound is not divided further.
	smallestShard = 16

	cacheLine = 64
)

// A shard is the part of a [Sharded] that some goroutines use.
type shard[T any] struct {
	places []atomic.Pointer[T] // a free block of each of the smaller classes
	mu     sync.Mutex
	kept   *Recycling[T]
	_      [cacheLine]byte // two shards never share a cache line
}

// init makes a shard that keeps a block in each place, and limit values more.
func (s *shard[T]) init(parent allocator.Allocator[T], places uint, limit int) {
	const line = cacheLine / unsafe.Sizeof(uintptr(0))
	s.places = make([]atomic.Pointer[T], places, (places/uint(line)+2)*uint(line))
	s.kept = NewRecycling(parent, limit)
}

// keep releases a block to those behind the lock, and reports whether there was
// room for it and nobody else was at it.
func (s *shard[T]) keep(block []T) bool {
	if !s.mu.TryLock() {
		return false
	}
	defer s.mu.Unlock() // a misuse is a panic
	if c := classOf(cap(block)); c >= uint(len(s.kept.classes)) || s.kept.room < s.kept.classes[c].size {
		return false
	}
	s.kept.Deallocate(block)
	return true
}

// release releases a block to those behind the lock if there is room for it,
// and otherwise to the parent.
func (s *shard[T]) release(block []T) {
	s.mu.Lock()
	defer s.mu.Unlock() // the parent may panic
	s.kept.Deallocate(block)
}

// allocate returns a block from behind the lock, or of the parent.
func (s *shard[T]) allocate(n int) ([]T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	if c := classOf(n); c >= uint(len(s.kept.classes)) || len(s.kept.classes[c].free) == 0 {
		return nil
	}
	block, _ := s.kept.Allocate(n)
	return block
}

// empty gives all blocks back to the parent.
func (s *shard[T]) empty() {
	for c := range s.places {
		if p := s.places[c].Swap(nil); p != nil {
			block := unsafe.Slice(p, classSize(uint(c)))
			allocator.Reissue(block)
			s.release(block)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.evict(s.kept.limit)
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
	// The smallest stacks have 2 KiB, most calls are within 8 KiB of a stack.
	place := uint64(uintptr(unsafe.Pointer(&here))) >> 13
	return &a.shards[place*0x9e3779b97f4a7c15>>(a.shift&63)&uint64(len(a.shards)-1)]
}
