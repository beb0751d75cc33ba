package combinators_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// pieces are what a response body is built of, and bodies the number of pieces of
// one after another: from 300 bytes to 64 KiB, and nobody knows before.
var (
	piece  = make([]byte, 300)
	bodies = []int{3, 1, 40, 7, 218, 2, 12, 90, 1, 30}
)

// To build a body in pieces, each at the end of the one before.
func BenchmarkAppend(b *testing.B) {
	appendTo := func(a allocator.Allocator[byte]) func(count int) {
		return func(count int) {
			var body []byte
			for range count {
				var err error
				if body, err = allocator.Append(a, body, piece...); err != nil {
					b.Fatal(err)
				}
			}
			a.Deallocate(body)
		}
	}
	pool := sync.Pool{New: func() any { return new([]byte) }}
	for _, c := range []struct {
		name  string
		build func(count int)
	}{
		{"SingleSlot", appendTo(new(combinators.SingleSlot[byte]))},
		{"Slots", appendTo(new(combinators.Slots[byte]))},
		{"Recycling", appendTo(combinators.NewRecycling(heap[byte](), 1<<20))},
		{"Pool", appendTo(combinators.NewPool(heap[byte]()))},
		{"Sharded", appendTo(combinators.NewSharded(heap[byte](), 1<<20))},
		{"peer=sync.Pool", func(count int) {
			body := pool.Get().(*[]byte)
			*body = (*body)[:0]
			for range count {
				*body = append(*body, piece...)
			}
			pool.Put(body)
		}},
		{"peer=append", func(count int) {
			var body []byte
			for range count {
				body = append(body, piece...)
			}
			runtime.KeepAlive(body)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range 2 * len(bodies) {
				c.build(bodies[i%len(bodies)])
			}
			i := 0
			for b.Loop() {
				c.build(bodies[i%len(bodies)])
				i++
			}
		})
	}
}

// In the steady state a body that is built in pieces takes nothing from the Go heap.
func TestAppendAllocatesNothing(t *testing.T) {
	for _, a := range []allocator.Allocator[byte]{
		new(combinators.SingleSlot[byte]),
		new(combinators.Slots[byte]),
		combinators.NewRecycling(heap[byte](), 1<<20),
		combinators.NewSharded(heap[byte](), 1<<20),
	} {
		if allocs := testing.AllocsPerRun(20, func() {
			for _, count := range bodies {
				var body []byte
				for range count {
					var err error
					if body, err = allocator.Append(a, body, piece...); err != nil {
						t.Fatal(err)
					}
				}
				a.Deallocate(body)
			}
		}); allocs != 0 {
			t.Errorf("%v: %v allocations for %d bodies", a, allocs, len(bodies))
		}
	}
}
