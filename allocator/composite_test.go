package allocator_test

import (
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// tally is a combinator of the program's own: it counts the requests to its parent.
type tally struct {
	allocator.Allocator[byte]
	name     string
	requests int
}

func (a *tally) Allocate(n int) ([]byte, error) {
	a.requests++
	return a.Allocator.Allocate(n)
}

func (a *tally) Parents() []any { return []any{a.Allocator} }

func (a *tally) String() string {
	return fmt.Sprintf("tally(%s, %q)", allocator.Describe(a.Allocator), a.name)
}

// Parents leads from the outermost allocator to what it is made of.
func ExampleComposite() {
	inner := &tally{Allocator: allocator.Heap[byte]{}, name: "inner"}
	outer := &tally{Allocator: inner, name: "outer"}
	s, err := outer.Allocate(100)
	if err != nil {
		fmt.Println(err)
		return
	}
	outer.Deallocate(s)

	var walk func(a any)
	walk = func(a any) {
		if t, ok := a.(*tally); ok {
			fmt.Printf("%v has had %d request\n", t, t.requests)
		}
		if c, ok := a.(allocator.Composite); ok {
			for _, p := range c.Parents() {
				walk(p)
			}
		}
	}
	walk(outer)
	// Output:
	// tally(tally(Heap[uint8], "inner"), "outer") has had 1 request
	// tally(Heap[uint8], "inner") has had 1 request
}
