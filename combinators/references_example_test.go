package combinators_test

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A key that leaves the program as a number and comes back: in a message, in a
// URL, or as the user data of a system call. A key that is too old finds
// nothing.
func ExampleHandleOf() {
	sessions := combinators.NewHandles[string](allocator.Heap[string]{})
	h, err := sessions.Insert("alice")
	if err != nil {
		fmt.Println(err)
		return
	}
	number := h.Key()

	name, ok := sessions.Get(combinators.HandleOf[string](number))
	fmt.Println(*name, ok)

	sessions.Remove(h)
	sessions.Insert("bob") // in the same place
	_, ok = sessions.Get(combinators.HandleOf[string](number))
	fmt.Println(ok)
	// Output:
	// alice true
	// false
}

// Each holder has a reference of its own. The block goes back to its parent with
// the last of them.
func ExampleRef() {
	buffers := combinators.NewStats[byte](allocator.Heap[byte]{})
	ref, err := combinators.NewShared[byte](buffers).Allocate(5)
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(ref.Values(), "hello")
	another := ref.Retain() // for a second write, say
	ref.Release()
	fmt.Printf("%s, live blocks: %d\n", another.Values(), buffers.Counts().Live)
	another.Release()
	fmt.Println("live blocks:", buffers.Counts().Live)
	// Output:
	// hello, live blocks: 1
	// live blocks: 0
}
