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

// benchmarkPair measures an Allocate of one element and its Deallocate through
// the interface. It counts to b.N itself: b.Loop keeps s and err alive, which
// costs two more nanoseconds.
func benchmarkPair(b *testing.B, name string, a allocator.Allocator[element]) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			s, err := a.Allocate(1)
			if err != nil {
				b.Fatal(err)
			}
			a.Deallocate(s)
		}
	})
}

// benchmarkBuffer is benchmarkPair for a buffer of n bytes.
func benchmarkBuffer(b *testing.B, name string, a allocator.Allocator[byte], n int) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			s, err := a.Allocate(n)
			if err != nil {
				b.Fatal(err)
			}
			a.Deallocate(s)
		}
	})
}

var sink *element

// benchmarkPeers measures what else a program would do for an element. The
// clearing of one is in all of them but new, and no allocator that recycles
// can be quicker than it.
func benchmarkPeers(b *testing.B) {
	b.Run("peer=clear", func(b *testing.B) {
		sink = new(element)
		for range b.N {
			*sink = element{}
		}
	})
	b.Run("peer=sync.Pool", func(b *testing.B) {
		b.ReportAllocs()
		pool := sync.Pool{New: func() any { return new(element) }}
		for range b.N {
			p := pool.Get().(*element)
			*p = element{}
			pool.Put(p)
		}
	})
	b.Run("peer=new", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			sink = new(element)
		}
	})
}
