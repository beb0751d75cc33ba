package combinators_test

import (
	"errors"
	"fmt"
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A heap of size classes, as in jemalloc and in the documentation of D's
// building blocks: small sizes in steps of 16 bytes, larger ones in wider
// steps, each size in slabs of its own that come and go, and the largest blocks
// from the Go heap.
func Example_sizeClassHeap() {
	type alloc = allocator.Allocator[byte]
	slabs := func(size int) alloc {
		return combinators.NewCascade(func(int) alloc {
			return combinators.NewSlab[byte](allocator.Heap[byte]{}, 64*size)
		})
	}
	heap := combinators.NewThreadSafe[byte](
		combinators.NewSegregator(combinators.NewBuckets(16, 128, 16, slabs),
			combinators.NewSegregator(combinators.NewBuckets(192, 512, 64, slabs),
				combinators.NewSegregator(combinators.NewBuckets(768, 3072, 256, slabs), alloc(allocator.Heap[byte]{}),
					3072), 512), 128))

	for _, n := range []int{10, 100, 129, 700, 5000} {
		s, err := heap.Allocate(n)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d in %d\n", n, heap.GoodSize(n))
		heap.Deallocate(s)
	}
	// Output:
	// 10 in 16
	// 100 in 112
	// 129 in 192
	// 700 in 768
	// 5000 in 5000
}

// Asio caches two blocks per thread for each of several purposes, so that one
// purpose does not use up the blocks of another. Here a session has the caches
// as fields, which need no constructor.
func Example_perPurposeCache() {
	type operation struct {
		Buffer []byte
		Done   func(n int, err error)
	}
	type session struct {
		receive, send combinators.SingleSlot[operation] // one outstanding at a time
		timers        combinators.Slots[operation]      // a few
		buffers       combinators.Slots[byte]
	}
	s := new(session)
	first, _ := s.receive.Allocate(1)
	for range 1000 { // sends while the receive is outstanding
		buffer, _ := s.buffers.Allocate(512)
		send, _ := s.send.Allocate(1)
		send[0].Buffer = buffer
		s.send.Deallocate(send)
		s.buffers.Deallocate(buffer)
	}
	s.receive.Deallocate(first)
	second, _ := s.receive.Allocate(1)
	fmt.Println("the receive has its block:", &first[0] == &second[0])
	fmt.Println(&s.timers)
	// Output:
	// the receive has its block: true
	// Slots(Heap[combinators_test.operation], 4)
}

// Everything that a request allocates is released at its end, and no request
// can exceed its limit. The arenas take their chunks from one slab, which
// bounds what all requests take together.
func Example_requestArena() {
	type node struct {
		name     string
		children []*node
	}
	const perRequest, requests = 1024, 100
	chunks := combinators.NewThreadSafe(combinators.NewSlab(allocator.Heap[node]{}, requests*perRequest))

	// serve makes as many nodes as a request asks for.
	serve := func(nodes int) error {
		limit := combinators.NewLimit(chunks, perRequest)
		arena := combinators.NewArena(limit, 64)
		defer arena.Reset()
		root := &node{name: "root"}
		for range nodes {
			n, err := allocator.New(arena)
			if err != nil {
				return err
			}
			n.name = "child"
			root.children = append(root.children, n)
		}
		return nil
	}
	fmt.Println(serve(900))
	err := serve(5000)
	fmt.Println(err, errors.Is(err, allocator.ErrTooLarge) || errors.Is(err, allocator.ErrExhausted))
	fmt.Println(serve(900))
	// Output:
	// <nil>
	// allocator: exhausted true
	// <nil>
}

// The use of a buffer after its release is found. A build with -race or -asan
// reports where it is used. Checked reports a write, with the stacks of the
// allocation and the release, when it gives the buffer back to the pool. A
// release build has the pool alone.
func Example_checkedBufferPool() {
	const debug = true // a build tag, in a program
	var buffers allocator.Allocator[byte] = combinators.NewSharded(allocator.Heap[byte]{}, 1<<20)
	if debug {
		buffers = combinators.NewChecked(buffers)
	}
	var sessions sync.WaitGroup
	for range 4 {
		sessions.Go(func() {
			b, err := buffers.Allocate(1500)
			if err != nil {
				return
			}
			copy(b, "message")
			buffers.Deallocate(b)
			// b[0] = 'M' would be reported.
		})
	}
	sessions.Wait()
	if checked, ok := buffers.(*combinators.Checked[byte]); ok {
		fmt.Println(checked.Close())
	}
	fmt.Println(buffers)
	// Output:
	// <nil>
	// Checked(Sharded(Heap[uint8], 1048576))
}
