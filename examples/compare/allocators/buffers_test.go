package allocators

import (
	"sync"
	"testing"

	"github.com/valyala/bytebufferpool"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A bufferSource allocates and deallocates a buffer of the size n times.
type bufferSource struct {
	name string
	make func() func(n int)
}

func heirloomBuffers(name string, make func(allocator.Heap[byte]) allocator.Allocator[byte]) bufferSource {
	return bufferSource{name, func() func(int) {
		a := make(allocator.Heap[byte]{})
		return func(n int) {
			for range n {
				s, err := a.Allocate(size)
				if err != nil {
					panic(err)
				}
				s[0] = 1
				a.Deallocate(s)
			}
		}
	}}
}

var bufferSources = []bufferSource{
	heirloomBuffers("SingleSlot", func(h allocator.Heap[byte]) allocator.Allocator[byte] { return combinators.NewSingleSlot(h) }),
	heirloomBuffers("Recycling", func(h allocator.Heap[byte]) allocator.Allocator[byte] { return combinators.NewRecycling(h, kept*size) }),
	heirloomBuffers("Pool", func(h allocator.Heap[byte]) allocator.Allocator[byte] { return combinators.NewPool(h) }),
	heirloomBuffers("Sharded", func(h allocator.Heap[byte]) allocator.Allocator[byte] { return combinators.NewSharded(h, kept*size) }),
	heirloomBuffers("ThreadSafe", func(h allocator.Heap[byte]) allocator.Allocator[byte] {
		return combinators.NewThreadSafe(combinators.NewRecycling(h, kept*size))
	}),
	{"peer=bytebufferpool", byteBufferPool},
	{"peer=sync.Pool", syncPoolOfBuffers},
	{"peer=make", makeBuffer},
}

func byteBufferPool() func(int) {
	var pool bytebufferpool.Pool
	return func(n int) {
		for range n {
			buf := pool.Get()
			if cap(buf.B) < size {
				buf.B = make([]byte, size)
			}
			buf.B = buf.B[:size]
			buf.B[0] = 1
			pool.Put(buf)
		}
	}
}

func syncPoolOfBuffers() func(int) {
	pool := &sync.Pool{New: func() any { return new([size]byte) }}
	return func(n int) {
		for range n {
			buf := pool.Get().(*[size]byte)
			buf[0] = 1
			pool.Put(buf)
		}
	}
}

func makeBuffer() func(int) {
	return func(n int) {
		live := escapingBuffers(1)
		for range n {
			live[0] = make([]byte, size)
			live[0][0] = 1
		}
	}
}

//go:noinline
func escapingBuffers(n int) [][]byte { return make([][]byte, n) }

func BenchmarkBuffer(b *testing.B) {
	for _, s := range bufferSources {
		b.Run(s.name, func(b *testing.B) {
			f := s.make()
			b.ReportAllocs()
			b.ResetTimer()
			f(b.N)
		})
	}
}
