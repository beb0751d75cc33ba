package combinators

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// shardsPerProcessor is large, so that two goroutines that run at the same time
// seldom have the same shard.
const shardsPerProcessor = 4

// placesLookedAt is how many places of other shards a request looks at.
const placesLookedAt = 8

const cacheLine = 64

// A shard is the part of a [Sharded] that some goroutines use.
type shard[T any] struct {
	places []atomic.Pointer[T] // a free block of each of the smaller classes
	mu     sync.Mutex
	free   [][]*T          // where the other blocks of each class start
	_      [cacheLine]byte // two shards never share a cache line
}

// init makes an empty shard.
func (s *shard[T]) init(places uint, classes int) {
	const line = cacheLine / unsafe.Sizeof(uintptr(0))
	s.places = make([]atomic.Pointer[T], places, (places/uint(line)+2)*uint(line))
	s.free = make([][]*T, classes)
}

// shrink gives up the lists of free blocks that are empty.
func (s *shard[T]) shrink() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.free {
		if len(s.free[c]) == 0 {
			s.free[c] = nil
		}
	}
}

// A stock is what there is of one class behind the locks of all shards.
type stock struct {
	shards []atomic.Uint64 // a bit for each shard that has some; written with its lock
	missed atomic.Int64    // requests that found none, less the releases that were made room for
}

// push puts a free block behind the lock of a shard. It is false if it sees that
// it is there already.
func (a *Sharded[T]) push(i int, p *T, c uint) bool {
	s := &a.shards[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	free := s.free[c]
	if last := len(free) - 1; last >= 0 && free[last] == p {
		return false
	}
	if len(free) == 0 {
		a.stocks[c].shards[i/64].Or(1 << (i % 64))
	}
	s.free[c] = append(free, p)
	return true
}

// pop takes a block from behind the lock of a shard, or nil if there is none.
func (a *Sharded[T]) pop(i int, c uint) *T {
	s := &a.shards[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.free[c]) - 1
	if last < 0 {
		return nil
	}
	if last == 0 {
		a.stocks[c].shards[i/64].And(^(uint64(1) << (i % 64)))
	}
	p := s.free[c][last]
	s.free[c][last] = nil
	s.free[c] = s.free[c][:last]
	return p
}

// taken returns the free block of class c that starts at p, to be handed out.
func (a *Sharded[T]) taken(p *T, c uint) []T {
	s := unsafe.Slice(p, a.sizing.capacity(c))
	allocator.Reissue(s)
	return s
}

// find returns a free block of class c from the own shard or another one, or nil.
func (a *Sharded[T]) find(c uint) []T {
	own := a.own()
	if s := a.fromPlaces(own, 1, c); s != nil {
		return s
	}
	if s := a.fromStock(own, c); s != nil {
		return s
	}
	return a.fromPlaces(own+1, placesLookedAt, c)
}

// fromPlaces returns a block from the places of count shards, starting with the
// first, or nil.
func (a *Sharded[T]) fromPlaces(first, count int, c uint) []T {
	if c >= a.places {
		return nil
	}
	for i := range min(count, len(a.shards)) {
		place := &a.shards[(first+i)%len(a.shards)].places[c]
		if place.Load() == nil {
			continue // to swap costs the others more than to look
		}
		if p := place.Swap(nil); p != nil {
			return a.taken(p, c)
		}
	}
	return nil
}

// fromStock returns a block of class c from behind the lock of a shard, of the
// own one first, or nil.
func (a *Sharded[T]) fromStock(own int, c uint) []T {
	words := a.stocks[c].shards
	for w := range words {
		at := (own/64 + w) % len(words)
		set := bits.RotateLeft64(words[at].Load(), -(own % 64))
		for ; set != 0; set &= set - 1 {
			if p := a.pop(64*at+(bits.TrailingZeros64(set)+own)%64, c); p != nil {
				s := a.taken(p, c)
				a.room.Add(int64(cap(s)))
				return s
			}
		}
	}
	return nil
}

// release puts a block that is ready to be handed out again behind the lock of the
// own shard, if there is room for it, and otherwise gives it to the parent.
func (a *Sharded[T]) release(s []T, c uint) {
	if !a.reserve(cap(s)) && !(a.missed(c) && a.reserveFromOthers(cap(s), c)) {
		allocator.Reissue(s)
		a.parent.Deallocate(s)
		return
	}
	if !a.push(a.own(), unsafe.SliceData(s), c) {
		a.room.Add(int64(cap(s)))
		panic(allocator.Misuse(a, s, freedTwice))
	}
}

// reserve takes room for n values behind the locks.
func (a *Sharded[T]) reserve(n int) bool {
	if a.room.Add(-int64(n)) >= 0 {
		return true
	}
	a.room.Add(int64(n))
	return false
}

// missed reports whether more requests for class c have found none than releases
// were made room for, and counts one of these.
func (a *Sharded[T]) missed(c uint) bool {
	missed := &a.stocks[c].missed
	if missed.Load() > 0 && missed.Add(-1) >= 0 {
		return true
	}
	return false
}

// reserveFromOthers takes room for n values behind the locks. Until there is that much, it
// gives blocks of all classes but one to the parent, one of each in turn. It is false if
// there is not enough to give.
func (a *Sharded[T]) reserveFromOthers(n int, spare uint) bool {
	own := a.own()
	for passed := 0; a.room.Load() < int64(n) || !a.reserve(n); passed++ {
		if passed == len(a.stocks) {
			return false
		}
		c := uint(a.next.Add(1)) % uint(len(a.stocks))
		if c == spare {
			continue
		}
		if s := a.fromStock(own, c); s != nil {
			a.parent.Deallocate(s)
			passed = -1
		}
	}
	return true
}

// giveBack gives all free blocks to the parent, and reports whether there were any.
func (a *Sharded[T]) giveBack() (given bool) {
	for c := range uint(len(a.stocks)) {
		for s := a.fromStock(0, c); s != nil; s = a.fromStock(0, c) {
			given = true
			a.parent.Deallocate(s)
		}
		for i := range a.shards {
			if s := a.fromPlaces(i, 1, c); s != nil {
				given = true
				a.parent.Deallocate(s)
			}
		}
	}
	for i := range a.shards {
		a.shards[i].shrink()
	}
	return given
}

// own returns the number of the calling goroutine's shard.
func (a *Sharded[T]) own() int { return homeOf(len(a.shards)) }
