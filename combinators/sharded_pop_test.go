package combinators

import (
	"runtime"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
)

// TestShardedPopTooLate simulates that other goroutines take the last blocks of some shards
// after they were seen there.
func TestShardedPopTooLate(t *testing.T) {
	a := NewSharded[int](allocator.Heap[int]{}, 1000)
	c := classOf(3)
	for i := 1; i < len(a.shards); i += 2 {
		a.stocks[c].shards[i/64].Or(1 << (i % 64))
	}
	if s := a.fromStock(0, c); s != nil {
		t.Errorf("found %d values, where nothing is", len(s))
	}
}

// TestShardedFindsInEveryShard has a block behind the lock of one shard of many, and looks for
// it from each shard.
func TestShardedFindsInEveryShard(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(32))
	a := NewSharded[int](allocator.Null[int]{}, 10000)
	c := classOf(3)
	a.sizing.learn(c, 3)
	block := &new([3]int)[0]
	for own := range a.shards {
		for i := range a.shards {
			a.push(i, block, c)
			if s := a.fromStock(own, c); len(s) != 3 || &s[0] != block {
				t.Fatalf("shard %d of %d did not find what shard %d has", own, len(a.shards), i)
			}
		}
	}
}

// TestShardedPlaceBeforeLock has a block in the place of each shard, and one behind a lock:
// the one that needs no lock is found first, also by a request of another class.
func TestShardedPlaceBeforeLock(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // how many classes have places depends on it
	a := NewSharded[int](allocator.Heap[int]{}, 10000)
	c := classOf(3)
	a.sizing.learn(c, 3)
	for i := range a.shards {
		a.shards[i].places[c].Store(&new([3]int)[0])
	}
	locked := &new([3]int)[0]
	a.push(0, locked, c)
	if s := a.find(c); len(s) != 3 || &s[0] == locked {
		t.Errorf("found %d values, want the 3 of a place", len(s))
	}
}

// TestShardedNextPlaces has a block in the place next to one that is empty.
func TestShardedNextPlaces(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	a := NewSharded[int](allocator.Heap[int]{}, 10000)
	c := classOf(3)
	a.sizing.learn(c, 3)
	a.shards[1].places[c].Store(&new([3]int)[0])
	if s := a.fromPlaces(0, 2, c); len(s) != 3 {
		t.Errorf("found %d values, want the 3 of the second place", len(s))
	}
}

// TestShardedBlockOfTheSizeAskedFor has a block of just three values in the place of each
// shard, and a parent that has once given more than three for a request like that.
func TestShardedBlockOfTheSizeAskedFor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	a := NewSharded[int](allocator.Null[int]{}, 10000)
	c := classOf(3)
	a.sizing.learn(c, 4)
	a.sizing.learn(c, 3)
	for i := range a.shards {
		a.shards[i].places[c].Store(&new([3]int)[0])
	}
	if s, err := a.Allocate(3); len(s) != 3 {
		t.Errorf("Allocate(3) has %d values, error %v; a block of 3 is in its place", len(s), err)
	}
}
