package combinators_test

import (
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	. "github.com/heirloom-go/heirloom/combinators"
)

func BenchmarkX(b *testing.B) {
	b.Run("slot direct", func(b *testing.B) { var a SingleSlot[element]; for b.Loop() { s, err := a.Allocate(1); if err!=nil {b.Fatal(err)}; a.Deallocate(s) } })
	benchmark(b, "slot", NewSingleSlot(allocator.Heap[element]{}), 1)
	benchmark(b, "slotbytes", NewSingleSlot(allocator.Heap[byte]{}), 1000)
	benchmark(b, "recycling", NewRecycling(allocator.Heap[element]{}, 64), 1)
	benchmark(b, "recycling8", NewRecycling(allocator.Heap[element]{}, 64), 8)
	benchmark(b, "recyclingbytes", NewRecycling(allocator.Heap[byte]{}, 100000), 1500)
	benchmark(b, "ts(recycling)", NewThreadSafe(NewRecycling(allocator.Heap[element]{}, 64)), 1)
	benchmark(b, "stats(slot)", NewStats(NewSingleSlot(allocator.Heap[element]{})), 1)
	b.Run("mutex pair", func(b *testing.B) { var m sync.Mutex;  for b.Loop() { m.Lock(); m.Unlock(); m.Lock();m.Unlock() } })
	benchmarkPeers(b)
}
