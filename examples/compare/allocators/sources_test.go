package allocators

import (
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// size is that of a buffer, in bytes, and of an element.
const size = 192

// An element is what the benchmarks allocate. It has this size where a pointer has 64 bits.
type element struct {
	Next    *element
	Handler any
	Buffer  []byte
	State   [18]uint64
}

// eight is how many elements are live at a time in BenchmarkEight.
const eight = 8

// kept is for how many elements those that have a bound keep room.
const kept = 1024

var heap = allocator.Heap[element]{}

// A source is what a benchmark allocates from.
type source struct {
	name  string
	alone bool // one goroutine at a time may use it
	start func() loops
}

// loops are what is measured, n times each.
type loops struct{ one, eight func(n int) }

// heirloom is a source that has an allocator of Heirloom.
func heirloom(name string, alone bool, make func() allocator.Allocator[element]) source {
	return source{name, alone, func() loops {
		a := make()
		return loops{
			one: func(n int) {
				for range n {
					s, err := a.Allocate(1)
					if err != nil {
						panic(err)
					}
					a.Deallocate(s)
				}
			},
			eight: func(n int) {
				var live [eight][]element
				for range n {
					for i := range live {
						var err error
						if live[i], err = a.Allocate(1); err != nil {
							panic(err)
						}
					}
					for _, s := range live {
						a.Deallocate(s)
					}
				}
			},
		}
	}}
}

// singleSlot has one block.
var singleSlot = heirloom("SingleSlot", true, func() allocator.Allocator[element] { return new(combinators.SingleSlot[element]) })

// several are the sources that have several blocks.
var several = []source{
	heirloom("Slots", true, func() allocator.Allocator[element] { return combinators.NewSlots(heap, eight) }),
	heirloom("Slab", true, func() allocator.Allocator[element] { return combinators.NewSlab(heap, kept) }),
	heirloom("Recycling", true, func() allocator.Allocator[element] { return combinators.NewRecycling(heap, kept) }),
	heirloom("Pool", false, func() allocator.Allocator[element] { return combinators.NewPool(heap) }),
	heirloom("Sharded", false, func() allocator.Allocator[element] { return combinators.NewSharded(heap, kept) }),
	heirloom("ThreadSafe", false, func() allocator.Allocator[element] {
		return combinators.NewThreadSafe(combinators.NewRecycling(heap, kept))
	}),
	{"Arena", true, arena},
	{"peer=sync.Pool", false, syncPool},
	{"peer=new", false, newElement},
}

// arena releases all elements of a round together.
func arena() loops {
	all := combinators.NewArena(heap, eight)
	a := undisclosed(all)
	rounds := func(elements int) func(n int) {
		return func(n int) {
			for range n {
				for range elements {
					if _, err := a.Allocate(1); err != nil {
						panic(err)
					}
				}
				all.Reuse()
			}
		}
	}
	return loops{rounds(1), rounds(eight)}
}

// undisclosed hides from the compiler which allocator it is, so that it is called through the
// interface like the others.
//
//go:noinline
func undisclosed(a allocator.Allocator[element]) allocator.Allocator[element] { return a }

func syncPool() loops {
	pool := &sync.Pool{New: func() any { return new(element) }}
	get := func() *element {
		e := pool.Get().(*element)
		*e = element{}
		return e
	}
	return loops{
		one: func(n int) {
			for range n {
				pool.Put(get())
			}
		},
		eight: func(n int) {
			var live [eight]*element
			for range n {
				for i := range live {
					live[i] = get()
				}
				for _, e := range live {
					pool.Put(e)
				}
			}
		},
	}
}

// newElement leaves the elements to the garbage collector. They are stored in a slice of
// which the compiler does not know who reads it, so they are not on the stack.
func newElement() loops {
	return loops{
		one: func(n int) {
			live := escaping(1)
			for range n {
				live[0] = new(element)
			}
		},
		eight: func(n int) {
			live := escaping(eight)
			for range n {
				for i := range live {
					live[i] = new(element)
				}
			}
		},
	}
}

//go:noinline
func escaping(n int) []*element { return make([]*element, n) }
