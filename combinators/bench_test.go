package combinators_test

import (
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
)

// element is what the benchmarks allocate: 192 bytes with pointers, about the
// state of an operation.
type element struct {
	next    *element
	handler any
	buffer  []byte
	state   [18]uint64
}

// benchmark measures an Allocate and Deallocate pair of a through the
// interface, as a sub-benchmark with the given name.
func benchmark[T any](b *testing.B, name string, a allocator.Allocator[T], n int) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, err := a.Allocate(n)
			if err != nil {
				b.Fatal(err)
			}
			a.Deallocate(s)
		}
	})
}

var sink *element

// benchmarkPeers measures what a program without this package would use for
// an element, and the clearing of one, below which no allocator that recycles
// can get.
func benchmarkPeers(b *testing.B) {
	b.Run("peer=clear", func(b *testing.B) {
		sink = new(element)
		for b.Loop() {
			*sink = element{}
		}
	})
	b.Run("peer=sync.Pool", func(b *testing.B) {
		b.ReportAllocs()
		pool := sync.Pool{New: func() any { return new(element) }}
		for b.Loop() {
			p := pool.Get().(*element)
			*p = element{}
			pool.Put(p)
		}
	})
	b.Run("peer=new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink = new(element)
		}
	})
}
